/* SPDX-License-Identifier: ISC */
#include "protocol/dtcp.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "protocol/line.h"

enum dtcp_answer dtcp_answer(const char *line, const char **rest)
{
	size_t len;
	enum dtcp_answer kind;

	*rest = line;
	if (strncmp(line, "+OK", 3) == 0) {
		kind = DTCP_OK;
		len = 3;
	} else if (strncmp(line, "-ERR", 4) == 0) {
		kind = DTCP_ERR;
		len = 4;
	} else {
		return DTCP_BAD;
	}
	if (line[len] != '\0' && line[len] != ' ')
		return DTCP_BAD;
	*rest = line + len + strspn(line + len, " ");
	return kind;
}

bool dtcp_challenge(const char *rest, char challenge[DTCP_CHALLENGE_MAX + 1])
{
	size_t len = strcspn(rest, " ");

	if (len == 0 || len > DTCP_CHALLENGE_MAX)
		return false;
	memcpy(challenge, rest, len);
	challenge[len] = '\0';
	return true;
}

bool dtcp_upper(const char *challenge)
{
	bool upper = false;

	for (; *challenge; challenge++) {
		if (*challenge >= 'a' && *challenge <= 'z')
			return false;
		if (*challenge >= 'A' && *challenge <= 'Z')
			upper = true;
	}
	return upper;
}

static bool begins(const char *rest, const char *text)
{
	return strncmp(rest, text, strlen(text)) == 0;
}

bool dtcp_authentication_failed(const char *rest)
{
	return begins(rest, "authentication failed");
}

bool dtcp_unsupported_type(const char *rest)
{
	return begins(rest, "unsupported tunnel type");
}

size_t dtcp_command(char out[DTCP_COMMAND_MAX], const char *user,
		    const unsigned char digest[DTCP_DIGEST_BYTES], bool upper,
		    enum dtcp_type type)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char hex[2 * DTCP_DIGEST_BYTES + 1];
	int n;

	for (size_t i = 0; i < DTCP_DIGEST_BYTES; i++) {
		hex[2u * i] = digits[digest[i] >> 4];
		hex[2u * i + 1] = digits[digest[i] & 15];
	}
	hex[sizeof hex - 1] = '\0';
	n = snprintf(out, DTCP_COMMAND_MAX, "tunnel %s %s %s\r\n", user, hex,
		     tunnel_type_name(type));
	explicit_bzero(hex, sizeof hex);
	return n > 0 && n < DTCP_COMMAND_MAX ? (size_t)n : 0;
}

static bool bad_word(char *why, const char *what, const char *word)
{
	snprintf(why, OFFER_WHY_MAX, "%s '%.64s'", what, word);
	return false;
}

/* One word after both ends of the tunnel. The number of link addresses so far
 * is in *links. */
static bool take_word(char *word, struct offer *o, unsigned *links, char *why)
{
	struct in6_addr addr;
	struct prefix p;

	if (strchr(word, '/')) {
		bool valid = prefix_parse(word, &p);

		if (!valid && o->type == DTCP_NETWORK && o->n_prefixes == 0)
			return bad_word(why, "the offer holds no valid prefix in", word);
		if (valid && o->type == DTCP_NETWORK && o->n_prefixes < TUNNEL_PREFIXES)
			o->prefixes[o->n_prefixes++] = p;
		else
			o->ignored++;
		return true;
	}
	if (o->type == DTCP_HOST && *links < 2) {
		if (inet_pton(AF_INET6, word, &addr) != 1)
			return bad_word(why, "the offer holds no IPv6 address in", word);
		*((*links)++ == 0 ? &o->near6 : &o->peer6) = addr;
		return true;
	}
	/* Before the first prefix these are link addresses, which type network has no use
	 * for; words after it have no known meaning. */
	if (o->type != DTCP_NETWORK || o->n_prefixes > 0)
		o->ignored++;
	else if (inet_pton(AF_INET6, word, &addr) != 1)
		return bad_word(why, "the offer holds neither prefix nor address in", word);
	return true;
}

bool dtcp_offer(const char *rest, enum dtcp_type type, struct offer *o,
		char why[OFFER_WHY_MAX])
{
	static const char *const ends[] = {"client address", "server address"};
	char words[LINE_MAX_BYTES + 1], *left = words, *word;
	struct in_addr local = o->local, end[2];
	unsigned n = 0, links = 0;

	memset(o, 0, sizeof *o);
	o->local = local;
	o->type = type;
	snprintf(words, sizeof words, "%s", rest);
	while ((word = strsep(&left, " ")) != NULL) {
		if (!*word)
			continue; /* two blanks in a row */
		if (n >= 2) {
			if (!take_word(word, o, &links, why))
				return false;
		} else if (inet_pton(AF_INET, word, &end[n]) != 1) {
			snprintf(why, OFFER_WHY_MAX, "the offer's %s '%.64s' is no IPv4 address",
				 ends[n], word);
			return false;
		}
		n++;
	}
	if (n < 2) {
		snprintf(why, OFFER_WHY_MAX, "the offer has no %s: '%.64s'", ends[n], rest);
		return false;
	}
	o->seen_as = end[0];
	o->remote = end[1];
	if (type == DTCP_HOST && links < 2) {
		snprintf(why, OFFER_WHY_MAX, "the offer for type host lacks link addresses: '%.100s'",
			 rest);
		return false;
	}
	if (type == DTCP_NETWORK && o->n_prefixes == 0) {
		snprintf(why, OFFER_WHY_MAX, "the offer for type network has no prefix: '%.100s'",
			 rest);
		return false;
	}
	return true;
}
