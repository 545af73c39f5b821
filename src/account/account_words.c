/* SPDX-License-Identifier: ISC */
#include "account/account_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "account/account_line.h"
#include "common/text.h"

#define MEMBER(field)                                                                              \
	.at = offsetof(struct account, field), .size = sizeof((struct account *)NULL)->field

/* A new word is a row here and a member of struct account: CONTRIBUTING.md says
 * what else it wants. */
static const struct account_word words[] = {
	{"type", WORD_TYPE, .otherwise = "network", MEMBER(type)},
	{"link", WORD_LINK, MEMBER(link)},
	{"interface", WORD_INTERFACE, .otherwise = "dtcp0", MEMBER(interface)},
	{"lan", WORD_LANS, .builds = true, MEMBER(settings)},
	{"route", WORD_ROUTE, .builds = true, .otherwise = "default", MEMBER(settings)},
	{"metric", WORD_NUMBER, .builds = true, .otherwise = "4096", MEMBER(settings.metric),
	 .least = 1, .most = 4294967293u},
	{"mtu", WORD_NUMBER, .builds = true, .otherwise = "auto", MEMBER(settings.mtu),
	 .least = 1280, .most = 65515, .automatic = true},
	{"ttl", WORD_NUMBER, .builds = true, .otherwise = "64", MEMBER(settings.ttl), .least = 1,
	 .most = 255},
	{"ping", WORD_NUMBER, .otherwise = "60", MEMBER(ping), .least = 1, .most = 240,
	 .unit = " seconds"},
	{"tunnel", WORD_FLAG, .otherwise = "sit", MEMBER(build), .yes = "sit", .no = "none"},
	{"script", WORD_FILE, MEMBER(script)},
	{"path", WORD_FLAG, .builds = true, .otherwise = "check", MEMBER(check_path),
	 .yes = "check", .no = "trust"},
};
enum { N_WORDS = sizeof words / sizeof words[0] };

const struct account_word *account_word(unsigned i)
{
	return i < N_WORDS ? &words[i] : NULL;
}

static bool read_number(const struct account_word *w, void *member, const char *value)
{
	uint32_t n = 0;

	if (!(w->automatic && strcmp(value, "auto") == 0) &&
	    !text_number(value, w->least, w->most, &n))
		return false;
	if (w->size == sizeof(uint8_t))
		*(uint8_t *)member = (uint8_t)n;
	else
		*(uint32_t *)member = n;
	return true;
}

static bool read_flag(const struct account_word *w, bool *member, const char *value)
{
	*member = strcmp(value, w->yes) == 0;
	return *member || strcmp(value, w->no) == 0;
}

static bool read_type(enum dtcp_type *member, const char *value)
{
	for (int t = DTCP_NETWORK; t <= DTCP_TUNNELONLY; t++)
		if (strcmp(value, tunnel_type_name((enum dtcp_type)t)) == 0) {
			*member = (enum dtcp_type)t;
			return true;
		}
	return false;
}

static bool read_name(char member[IF_NAMESIZE], const char *value, bool (*ok)(const char *))
{
	if (!ok(value))
		return false;
	snprintf(member, IF_NAMESIZE, "%s", value);
	return true;
}

/* NAME or NAME:SUBNET; item is cut at the colon. */
static bool read_lan(struct tunnel_subnet *lan, char *item, uint32_t subnet)
{
	char *colon = strchr(item, ':');

	lan->subnet = subnet;
	if (colon) {
		*colon++ = '\0';
		if (strlen(colon) == 0 || strlen(colon) > 8 ||
		    strspn(colon, "0123456789abcdefABCDEF") != strlen(colon))
			return false;
		lan->subnet = (uint32_t)strtoll(colon, NULL, 16);
	}
	return read_name(lan->name, item, text_is_lan_name);
}

/* Without :SUBNET the position in the list counts, from 0. */
static bool read_lans(struct tunnel_settings *s, char *value)
{
	for (char *item; (item = strsep(&value, ",")) != NULL; s->n_lans++) {
		struct tunnel_subnet *lan = &s->lans[s->n_lans];

		if (s->n_lans == TUNNEL_LANS || !read_lan(lan, item, s->n_lans))
			return false;
		for (unsigned i = 0; i < s->n_lans; i++)
			if (s->lans[i].subnet == lan->subnet)
				return false;
	}
	return true;
}

/* The words of route= that are no prefixes; NULL stands for a list. */
static const char *const routes[] = {
	[ROUTE_DEFAULT] = "default",
	[ROUTE_NONE] = "none",
	[ROUTE_LIST] = NULL,
	[ROUTE_GUARD] = "guard",
};
enum { N_ROUTES = sizeof routes / sizeof routes[0] };

static bool read_route(struct tunnel_settings *s, char *value)
{
	for (unsigned i = 0; i < N_ROUTES; i++)
		if (routes[i] && strcmp(value, routes[i]) == 0) {
			s->route = (enum route_mode)i;
			return true;
		}
	s->route = ROUTE_LIST;
	for (char *item; (item = strsep(&value, ",")) != NULL; s->n_routes++) {
		struct prefix *p = &s->routes[s->n_routes];

		if (s->n_routes == TUNNEL_ROUTES || !prefix_parse(item, p) || prefix_mask(p))
			return false;
		for (unsigned i = 0; i < s->n_routes; i++)
			if (prefix_equal(&s->routes[i], p))
				return false;
	}
	return true;
}

static bool read_value(struct account *a, const struct account_word *w, char *value)
{
	void *member = (char *)a + w->at;

	switch (w->kind) {
	case WORD_NUMBER:
		return read_number(w, member, value);
	case WORD_FLAG:
		return read_flag(w, member, value);
	case WORD_TYPE:
		return read_type(member, value);
	case WORD_LINK:
		return read_name(member, value, text_is_link_name);
	case WORD_INTERFACE:
		return read_name(member, value, text_is_tunnel_name);
	case WORD_LANS:
		return read_lans(member, value);
	case WORD_ROUTE:
		return read_route(member, value);
	case WORD_FILE:
		*(const char **)member = value;
		return *value == '/';
	}
	return false;
}

/* For "NAME= takes ...". */
static const char *takes(const struct account_word *w, char text[128])
{
	switch (w->kind) {
	case WORD_NUMBER:
		snprintf(text, 128, "%s%u to %u%s", w->automatic ? "auto or " : "", w->least,
			 w->most, w->unit ? w->unit : "");
		return text;
	case WORD_FLAG:
		snprintf(text, 128, "%s or %s", w->yes, w->no);
		return text;
	case WORD_TYPE:
		return "network, host or tunnelonly";
	case WORD_LINK:
		return "the name of a link";
	case WORD_INTERFACE:
		return "a letter, then letters, digits, '_', '.' or '-', 15 at most, and not sit0";
	case WORD_LANS:
		return "NAME[:SUBNET][,...], SUBNET hexadecimal, each once, 16 at most";
	case WORD_ROUTE:
		return "default, none, guard, or PREFIX[,...] without bits beyond the length, each once, "
		       "16 at most";
	case WORD_FILE:
		break;
	}
	return "an absolute path";
}

static void print_lans(const struct tunnel_settings *s, char *text)
{
	size_t len = 0;

	for (unsigned i = 0; i < s->n_lans; i++)
		len += (size_t)snprintf(text + len, ACCOUNT_VALUE_MAX - len, "%s%s:%x",
					i ? "," : "", s->lans[i].name, s->lans[i].subnet);
}

static void print_route(const struct tunnel_settings *s, char *text)
{
	size_t len = 0;

	if (routes[s->route])
		snprintf(text, ACCOUNT_VALUE_MAX, "%s", routes[s->route]);
	for (unsigned i = 0; i < s->n_routes; i++)
		len += (size_t)snprintf(text + len, ACCOUNT_VALUE_MAX - len, "%s%s", i ? "," : "",
					text_prefix(&s->routes[i]));
}

static void print_number(const struct account_word *w, const void *member, char *text)
{
	unsigned n =
		w->size == sizeof(uint8_t) ? *(const uint8_t *)member : *(const uint32_t *)member;

	if (n == 0 && w->automatic)
		snprintf(text, ACCOUNT_VALUE_MAX, "auto");
	else
		snprintf(text, ACCOUNT_VALUE_MAX, "%u", n);
}

const char *account_word_value(const struct account *a, const struct account_word *w,
			       char text[ACCOUNT_VALUE_MAX])
{
	const void *member = (const char *)a + w->at;
	const char *plain = NULL;

	text[0] = '\0';
	if (w->builds && !a->build)
		return NULL;
	switch (w->kind) {
	case WORD_NUMBER:
		print_number(w, member, text);
		break;
	case WORD_FLAG:
		plain = *(const bool *)member ? w->yes : w->no;
		break;
	case WORD_TYPE:
		plain = tunnel_type_name(*(const enum dtcp_type *)member);
		break;
	case WORD_LINK:
	case WORD_INTERFACE:
		plain = member;
		break;
	case WORD_LANS:
		print_lans(member, text);
		break;
	case WORD_ROUTE:
		print_route(member, text);
		break;
	case WORD_FILE:
		plain = *(const char *const *)member;
		break;
	}
	if (plain)
		snprintf(text, ACCOUNT_VALUE_MAX, "%s", plain);
	return text[0] ? text : NULL;
}

void account_words_default(struct account *a)
{
	for (unsigned i = 0; i < N_WORDS; i++) {
		char value[16];

		if (!words[i].otherwise)
			continue;
		snprintf(value, sizeof value, "%s", words[i].otherwise);
		read_value(a, &words[i], value);
	}
}

static const struct account_word *find(const char *name, size_t len)
{
	for (unsigned i = 0; i < N_WORDS; i++)
		if (strlen(words[i].name) == len && memcmp(words[i].name, name, len) == 0)
			return &words[i];
	return NULL;
}

bool account_is_word(const char *text)
{
	size_t len = strcspn(text, "=");

	return text[len] && find(text, len);
}

static bool no_value(const char *word, bool maybe_secret, char *why)
{
	char shown[128];

	if (find(word, strlen(word)))
		snprintf(why, ACCOUNT_WHY_MAX, "'%s' has no value (%s=VALUE, without blanks)", word,
			 word);
	else if (strcmp(word, "\\") == 0)
		snprintf(why, ACCOUNT_WHY_MAX,
			 "'\\': an account is one line, and a line cannot be "
			 "continued");
	else if (maybe_secret)
		snprintf(why, ACCOUNT_WHY_MAX,
			 "a word after the password is no name=value word "
			 "(a password with blanks wants double quotes)");
	else
		snprintf(why, ACCOUNT_WHY_MAX, "'%s' is no name=value word",
			 text_escape(shown, sizeof shown, word, strlen(word)));
	return false;
}

/* Says which words there are. */
static bool unknown(const char *name, size_t len, char *why)
{
	char shown[64];
	size_t n;

	text_escape(shown, sizeof shown, name, len);
	n = (size_t)snprintf(why, ACCOUNT_WHY_MAX, "'%s=' is an unknown word (there are", shown);
	for (unsigned i = 0; i < N_WORDS; i++)
		n += (size_t)snprintf(why + n, ACCOUNT_WHY_MAX - n, " %s%s", words[i].name,
				      i + 1 < N_WORDS ? "" : ")");
	return false;
}

bool account_word_read(struct account *a, char *word, bool maybe_secret, uint32_t *seen, char *why)
{
	char *value = strchr(word, '='), shown[128], wanted[128];
	const struct account_word *w;
	uint32_t bit;

	if (!value)
		return no_value(word, maybe_secret, why);
	w = find(word, (size_t)(value - word));
	if (!w)
		return unknown(word, (size_t)(value - word), why);
	text_escape(shown, sizeof shown, word, strlen(word));
	bit = 1u << (w - words);
	if (*seen & bit) {
		snprintf(why, ACCOUNT_WHY_MAX, "'%s': %s= stands twice", shown, w->name);
		return false;
	}
	*seen |= bit;
	if (read_value(a, w, value + 1))
		return true;
	snprintf(why, ACCOUNT_WHY_MAX, "'%s': %s= takes %s", shown, w->name, takes(w, wanted));
	return false;
}

bool account_words_done(struct account *a, uint32_t seen, char *why)
{
	bool route = false;

	for (unsigned i = 0; i < N_WORDS; i++) {
		if (!(seen & 1u << i))
			continue;
		if (words[i].builds && !a->build) {
			snprintf(why, ACCOUNT_WHY_MAX,
				 "%s= has no meaning with tunnel=none, which builds nothing",
				 words[i].name);
			return false;
		}
		route = route || words[i].kind == WORD_ROUTE;
	}
	if (!route && a->type == DTCP_TUNNELONLY)
		a->settings.route = ROUTE_NONE;
	if (a->settings.n_lans && a->type != DTCP_NETWORK) {
		snprintf(why, ACCOUNT_WHY_MAX, "lan= needs a prefix, which only type=network gets");
		return false;
	}
	return true;
}

bool account_equal(const struct account *a, const struct account *b)
{
	bool same = strcmp(a->server, b->server) == 0 && a->port == b->port &&
		    strcmp(a->user, b->user) == 0 && strcmp(a->password, b->password) == 0;

	for (unsigned i = 0; i < N_WORDS && same; i++) {
		char one[ACCOUNT_VALUE_MAX], other[ACCOUNT_VALUE_MAX];

		account_word_value(a, &words[i], one);
		account_word_value(b, &words[i], other);
		same = strcmp(one, other) == 0;
	}
	return same;
}
