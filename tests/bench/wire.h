/* SPDX-License-Identifier: ISC */
#ifndef WIRE_H
#define WIRE_H

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What the programs of the bench share. */

enum { WIRE_HEX = 33, WIRE_LINE = 512 };

/* Writes the lower-case response of user, challenge and password; exits where
 * libcrypto has no MD5. */
void wire_response(const char *user, const char *challenge, const char *password,
		   char out[WIRE_HEX]);

/* The address of client N of a crowd, in network byte order. The kernel looks for a sit
 * tunnel in one of 16 lists, by the first bytes of both addresses: they are of 32 networks
 * /8, as people's are. */
static inline uint32_t address_of(unsigned n)
{
	return htonl((32 + n % 32) << 24 | 1 << 16 | n);
}

/* Ends the program with a message of what failed and why (errno). */
static inline __attribute__((noreturn)) void wire_die(const char *what)
{
	perror(what);
	exit(1);
}

#endif
