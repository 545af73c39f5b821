/* SPDX-License-Identifier: ISC */
#include "account_word.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "log.h"

bool account_number(const char *text, uint32_t min, uint32_t max, uint32_t *out)
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

bool account_link_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IF_NAMESIZE || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name; name++)
		if ((unsigned char)*name <= 0x20 || *name == 0x7f || *name == '/' || *name == ':')
			return false;
	return true;
}

bool account_interface_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IF_NAMESIZE || strcmp(name, "sit0") == 0)
		return false;
	if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z')))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_.-") == len;
}

static bool word_type(struct account *a, const char *v)
{
	for (int t = DTCP_NETWORK; t <= DTCP_TUNNELONLY; t++)
		if (strcmp(v, account_type_name((enum dtcp_type)t)) == 0) {
			a->type = (enum dtcp_type)t;
			return true;
		}
	return false;
}

static bool name(char to[IF_NAMESIZE], const char *v, bool ok)
{
	if (ok)
		snprintf(to, IF_NAMESIZE, "%s", v);
	return ok;
}

/* Without :SUBNET they count up from 0, whatever others name. */
static bool word_lan(struct account *a, char *v)
{
	uint32_t count = 0;

	for (char *item; (item = strsep(&v, ",")) != NULL;) {
		struct account_lan *lan = &a->lans[a->n_lans];
		char *colon = strchr(item, ':');

		if (a->n_lans == ACCOUNT_LANS)
			return false;
		if (colon) {
			*colon++ = '\0';
			if (strlen(colon) == 0 || strlen(colon) > 8 ||
			    strspn(colon, "0123456789abcdefABCDEF") != strlen(colon))
				return false;
			lan->subnet = (uint32_t)strtoll(colon, NULL, 16);
		} else {
			lan->subnet = count;
		}
		count++;
		/* ip -batch takes these for comments and quotes. */
		if (!account_link_ok(item) || strpbrk(item, "#\"'\\"))
			return false;
		name(lan->name, item, true);
		a->n_lans++;
		for (unsigned i = 0; i + 1 < a->n_lans; i++)
			if (a->lans[i].subnet == lan->subnet)
				return false;
	}
	return true;
}

static bool word_route(struct account *a, char *v)
{
	if (strcmp(v, "default") == 0 || strcmp(v, "none") == 0) {
		a->route = *v == 'd' ? ROUTE_DEFAULT : ROUTE_NONE;
		return true;
	}
	a->route = ROUTE_LIST;
	for (char *item; (item = strsep(&v, ",")) != NULL;) {
		if (a->n_routes == ACCOUNT_ROUTES || !prefix_parse(item, &a->routes[a->n_routes]))
			return false;
		if (prefix_mask(&a->routes[a->n_routes]))
			return false;
		for (unsigned i = 0; i < a->n_routes; i++)
			if (prefix_equal(&a->routes[i], &a->routes[a->n_routes]))
				return false;
		a->n_routes++;
	}
	return true;
}

enum word { TYPE, LINK, INTERFACE, LAN, ROUTE, METRIC, MTU, TTL, PING, TUNNEL, SCRIPT };

static const struct {
	char name[10]; /* as %.9s, or gcc takes the table for a part of it */
	bool builds; /* tunnel=none excludes it */
	const char *takes;
} words[] = {
	[TYPE] = {"type", false, "network, host or tunnelonly"},
	[LINK] = {"link", false, "the name of a link"},
	[INTERFACE] = {"interface", false, "a letter, then letters, digits, '_', '.' or '-', "
					   "15 at most, and not sit0"},
	[LAN] = {"lan", true, "NAME[:SUBNET][,...], SUBNET hexadecimal, each once, 16 at most"},
	[ROUTE] = {"route", true, "default, none, or PREFIX[,...] without bits beyond the length, "
				  "each once, 16 at most"},
	[METRIC] = {"metric", true, "1 to 4294967293"},
	[MTU] = {"mtu", true, "auto or 1280 to 65515"},
	[TTL] = {"ttl", true, "1 to 255"},
	[PING] = {"ping", false, "1 to 240 seconds"},
	[TUNNEL] = {"tunnel", false, "sit or none"},
	[SCRIPT] = {"script", false, "an absolute path"},
};
enum { N_WORDS = sizeof words / sizeof words[0] };

static bool take_word(struct account *a, enum word w, char *v)
{
	uint32_t ttl;

	switch (w) {
	case TYPE:
		return word_type(a, v);
	case LINK:
		return name(a->link, v, account_link_ok(v));
	case INTERFACE:
		return name(a->interface, v, account_interface_ok(v));
	case LAN:
		return word_lan(a, v);
	case ROUTE:
		return word_route(a, v);
	case METRIC:
		return account_number(v, 1, 4294967293u, &a->metric);
	case MTU:
		a->mtu = 0;
		return strcmp(v, "auto") == 0 || account_number(v, 1280, 65515, &a->mtu);
	case TTL:
		if (!account_number(v, 1, 255, &ttl))
			return false;
		a->ttl = (uint8_t)ttl;
		return true;
	case PING:
		return account_number(v, 1, 240, &a->ping);
	case TUNNEL:
		a->build = strcmp(v, "sit") == 0;
		return a->build || strcmp(v, "none") == 0;
	case SCRIPT:
		a->script = v;
		return *v == '/';
	}
	return false;
}

bool account_word(struct account *a, char *word, unsigned *seen, char *why)
{
	char *value = strchr(word, '='), shown[128];

	/* Not shown: it may well be a part of the password. */
	if (!value) {
		snprintf(why, ACCOUNT_WHY_MAX, "a word after the password is no name=value word "
					       "(a password with blanks wants double quotes)");
		return false;
	}
	log_escape(shown, sizeof shown, word, strlen(word));
	for (unsigned i = 0; i < N_WORDS; i++) {
		size_t len = strlen(words[i].name);

		if ((size_t)(value - word) != len || memcmp(word, words[i].name, len) != 0)
			continue;
		if (*seen & 1u << i) {
			snprintf(why, ACCOUNT_WHY_MAX, "'%s': %.9s= stands twice", shown,
				 words[i].name);
			return false;
		}
		*seen |= 1u << i;
		if (take_word(a, (enum word)i, value + 1))
			return true;
		snprintf(why, ACCOUNT_WHY_MAX, "'%s': %.9s= takes %s", shown, words[i].name,
			 words[i].takes);
		return false;
	}
	log_escape(shown, sizeof shown, word, (size_t)(value - word));
	snprintf(why, ACCOUNT_WHY_MAX, "'%s=' is an unknown word", shown);
	return false;
}

bool account_words_done(struct account *a, unsigned seen, char *why)
{
	for (unsigned i = 0; i < N_WORDS && !a->build; i++)
		if (words[i].builds && seen & 1u << i) {
			snprintf(why, ACCOUNT_WHY_MAX,
				 "%s= has no meaning with tunnel=none, which builds nothing",
				 words[i].name);
			return false;
		}
	if (!(seen & 1u << ROUTE) && a->type == DTCP_TUNNELONLY)
		a->route = ROUTE_NONE;
	if (a->n_lans && a->type != DTCP_NETWORK) {
		snprintf(why, ACCOUNT_WHY_MAX, "lan= needs a prefix, which only type=network gets");
		return false;
	}
	return true;
}
