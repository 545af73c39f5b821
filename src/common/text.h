/* SPDX-License-Identifier: ISC */
#ifndef TEXT_H
#define TEXT_H

#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prefix;

/* Addresses as text, each in one of four buffers that are used in turn: up to
 * four may stand in one message, and none is to be kept. */
const char *text_ipv4(struct in_addr a);
const char *text_ipv6(const struct in6_addr *a);
const char *text_prefix(const struct prefix *p); /* ADDRESS/LEN */

/* Copies len bytes of src to dst, always terminated, cut where dst is full. Bytes
 * outside printable ASCII become \xNN, so that nothing a server or a file says
 * reaches a terminal. Returns dst. */
char *text_escape(char *dst, size_t size, const char *src, size_t len);

/* Appends to the text of *len bytes in a buffer of size bytes, which stays terminated. False
 * where it does not fit: then the text is as it was. size must be more than *len. */
bool text_append(char *text, size_t size, size_t *len, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));

/* Reads a decimal number that consists of digits alone; false where it is not
 * within these bounds. */
bool text_number(const char *text, uint32_t min, uint32_t max, uint32_t *out);

/* True for any name that the kernel takes for a link. */
bool text_is_link_name(const char *name);

/* True for what may be the name of a LAN interface: a name of a link without the
 * characters that "ip -batch" takes for quotes or a comment. */
bool text_is_lan_name(const char *name);

/* True for what may be the name of a tunnel: a letter, then letters, digits, '_',
 * '.' or '-', 15 bytes at most, and not sit0. */
bool text_is_tunnel_name(const char *name);

#endif
