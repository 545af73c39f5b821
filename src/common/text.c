/* SPDX-License-Identifier: ISC */
#include "common/text.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "common/prefix.h"

static char *address(int family, const void *a)
{
	static char ring[4][PREFIX_TEXT_MAX];
	static unsigned last;
	char *text = ring[++last % 4];

	inet_ntop(family, a, text, INET6_ADDRSTRLEN);
	return text;
}

const char *text_ipv4(struct in_addr a)
{
	return address(AF_INET, &a);
}

const char *text_ipv6(const struct in6_addr *a)
{
	return address(AF_INET6, a);
}

const char *text_prefix(const struct prefix *p)
{
	char *text = address(AF_INET6, &p->addr);
	size_t len = strlen(text);

	snprintf(text + len, PREFIX_TEXT_MAX - len, "/%u", p->len);
	return text;
}

char *text_escape(char *dst, size_t size, const char *src, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)src[i];

		if (c >= 0x20 && c < 0x7f) {
			if (n + 2 > size)
				break;
			dst[n++] = (char)c;
		} else {
			if (n + 5 > size)
				break;
			dst[n++] = '\\';
			dst[n++] = 'x';
			dst[n++] = hex[c >> 4];
			dst[n++] = hex[c & 15];
		}
	}
	dst[n] = '\0';
	return dst;
}

bool text_append(char *text, size_t size, size_t *len, const char *fmt, va_list ap)
{
	size_t room = size - *len;
	int n = vsnprintf(text + *len, room, fmt, ap);

	if (n < 0 || (size_t)n >= room) {
		text[*len] = '\0';
		return false;
	}
	*len += (size_t)n;
	return true;
}

bool text_number(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	uint64_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (unsigned)(*text - '0');
		if (n > max)
			return false;
	}
	if (n < min)
		return false;
	*out = (uint32_t)n;
	return true;
}

bool text_is_link_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IF_NAMESIZE || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name; name++)
		if ((unsigned char)*name <= 0x20 || *name == 0x7f || *name == '/' || *name == ':')
			return false;
	return true;
}

bool text_is_lan_name(const char *name)
{
	return text_is_link_name(name) && !strpbrk(name, "#\"'\\");
}

bool text_is_tunnel_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IF_NAMESIZE || strcmp(name, "sit0") == 0)
		return false;
	if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z')))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_.-") == len;
}
