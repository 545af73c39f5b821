/* SPDX-License-Identifier: ISC */
#ifndef WIRE_H
#define WIRE_H

#include <stdio.h>
#include <stdlib.h>

/* What the programs of the bench share. */

enum { WIRE_HEX = 33, WIRE_LINE = 512 };

/* Writes the lower-case response of user, challenge and password; exits where
 * libcrypto has no MD5. */
void wire_response(const char *user, const char *challenge, const char *password,
		   char out[WIRE_HEX]);

/* Ends the program with a message of what failed and why (errno). */
static inline __attribute__((noreturn)) void wire_die(const char *what)
{
	perror(what);
	exit(1);
}

#endif
