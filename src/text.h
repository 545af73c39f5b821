/* SPDX-License-Identifier: ISC */
#ifndef TEXT_H
#define TEXT_H

#include <netinet/in.h>

struct prefix;

/* Addresses as text, each in one of four buffers that are used in turn: up to
 * four may stand in one message, and none is to be kept. */
const char *text_ipv4(struct in_addr a);
const char *text_ipv6(const struct in6_addr *a);
const char *text_prefix(const struct prefix *p); /* ADDRESS/LEN */

#endif
