/* SPDX-License-Identifier: ISC */
#include "server/user_line.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "account/conf.h"
#include "common/text.h"

/* What a tunnel may carry as a user's: addresses as dtcp-up takes them from a server. */
static bool user_address(const char *text, struct in6_addr *a)
{
	return inet_pton(AF_INET6, text, a) == 1 && prefix_routable(a);
}

static bool word_prefix(struct config_user *u, char *v)
{
	for (char *item; (item = strsep(&v, ",")) != NULL;) {
		struct prefix *p = &u->prefixes[u->n_prefixes];

		if (u->n_prefixes == CONFIG_PREFIXES_MAX || !prefix_parse(item, p) ||
		    prefix_mask(p) || p->len < 32 || p->len > 64 || !prefix_routable(&p->addr))
			return false;
		u->n_prefixes++;
	}
	return true;
}

static bool word_host(struct config_user *u, char *v)
{
	char *client = strsep(&v, ",");

	u->host = v && user_address(client, &u->client6) && user_address(v, &u->server6) &&
		  memcmp(&u->client6, &u->server6, sizeof u->client6) != 0;
	return u->host;
}

static bool word_tunnelonly(struct config_user *u, char *v)
{
	u->tunnelonly = strcmp(v, "yes") == 0;
	return u->tunnelonly || strcmp(v, "no") == 0;
}

static bool word_interface(struct config_user *u, char *v)
{
	if (!text_is_tunnel_name(v))
		return false;
	snprintf(u->interface, sizeof u->interface, "%s", v);
	return true;
}

static bool word_mtu(struct config_user *u, char *v)
{
	uint32_t n = 0;

	if (strcmp(v, "auto") != 0 && !text_number(v, 1280, 65515, &n))
		return false;
	u->mtu = n;
	return true;
}

static bool word_ttl(struct config_user *u, char *v)
{
	uint32_t n;

	if (!text_number(v, 1, 255, &n))
		return false;
	u->ttl = (uint8_t)n;
	return true;
}

/* The words of a user, a row each. */
static const struct {
	const char *name;
	bool (*read)(struct config_user *u, char *value);
	const char *takes;
} words[] = {
	{"prefix", word_prefix,
	 "P/LEN[,...] in 2000::/3 or fc00::/7, /32 to /64, without bits beyond "
	 "the length, 16 at most"},
	{"host", word_host, "CLIENT6,SERVER6, two different addresses in 2000::/3 or fc00::/7"},
	{"tunnelonly", word_tunnelonly, "yes or no"},
	{"interface", word_interface,
	 "a letter, then letters, digits, '_', '.' or '-', 15 at most, "
	 "and not sit0"},
	{"mtu", word_mtu, "auto or 1280 to 65515"},
	{"ttl", word_ttl, "1 to 255"},
};
enum { WORDS = sizeof words / sizeof words[0] };

/* Says which words there are. */
static bool unknown(const char *name, char *why)
{
	char shown[96];
	size_t n;

	text_escape(shown, sizeof shown, name, strlen(name));
	n = (size_t)snprintf(why, CONF_WHY_MAX, "'%s=' is an unknown word (there are", shown);
	for (unsigned i = 0; i < WORDS; i++)
		n += (size_t)snprintf(why + n, CONF_WHY_MAX - n, " %s%s", words[i].name,
				      i + 1 < WORDS ? "" : ")");
	return false;
}

static bool read_word(struct config_user *u, char *word, unsigned *seen, char *why)
{
	char *value = strchr(word, '=');

	/* Not shown: it may well be a part of a password without quotes. */
	if (!value) {
		snprintf(why, CONF_WHY_MAX,
			 "a word after the password is no name=value word "
			 "(a password with blanks wants double quotes)");
		return false;
	}
	*value++ = '\0';
	for (unsigned i = 0; i < WORDS; i++) {
		char kept[CONF_LINE_MAX + 1];

		if (strcmp(word, words[i].name) != 0)
			continue;
		if (*seen & 1u << i) {
			snprintf(why, CONF_WHY_MAX, "%s= stands twice", words[i].name);
			return false;
		}
		*seen |= 1u << i;
		snprintf(kept, sizeof kept, "%s=%s", words[i].name, value);
		return words[i].read(u, value) ||
		       conf_takes(why, words[i].name, kept, words[i].takes);
	}
	return unknown(word, why);
}

static bool user_name_ok(const char *name, char *why)
{
	if (*name && strlen(name) <= CONFIG_NAME_MAX && !strpbrk(name, " \t") &&
	    !conf_has_control(name))
		return true;
	return conf_takes(why, "user", name, "a name of 1 to 128 bytes without blanks");
}

bool user_line_parse(struct config_user *u, char *in, char *why)
{
	char *name, *password, *word;
	unsigned seen = 0;
	bool quoted;

	u->ttl = 64;
	if (!conf_field(&in, &name, &quoted, why))
		return false;
	if (name && !user_name_ok(name, why))
		return false;
	if (name && !conf_field(&in, &password, &quoted, why))
		return false;
	if (!name || !password || !*password || strlen(password) > CONFIG_PASSWORD_MAX) {
		snprintf(why, CONF_WHY_MAX,
			 "user takes a name, a password of 1 to %d bytes, and "
			 "name=value words",
			 CONFIG_PASSWORD_MAX);
		return false;
	}
	u->name = name;
	u->password = password;
	for (;;) {
		if (!conf_field(&in, &word, &quoted, why))
			return false;
		if (!word || (*word == '#' && !quoted))
			return true;
		if (!read_word(u, word, &seen, why))
			return false;
	}
}

const char *user_line_words(const struct config_user *u, char out[USER_LINE_WORDS_MAX])
{
	size_t len = 0;

	/* 16 prefixes of at most /64 have 24 bytes each, so all of it fits. */
	out[0] = '\0';
	for (unsigned i = 0; i < u->n_prefixes; i++)
		len += (size_t)snprintf(out + len, USER_LINE_WORDS_MAX - len, "%s%s",
					i ? "," : " prefix=", text_prefix(&u->prefixes[i]));
	if (u->host)
		len += (size_t)snprintf(out + len, USER_LINE_WORDS_MAX - len, " host=%s,%s",
					text_ipv6(&u->client6), text_ipv6(&u->server6));
	len += (size_t)snprintf(out + len, USER_LINE_WORDS_MAX - len, " tunnelonly=%s",
				u->tunnelonly ? "yes" : "no");
	if (u->interface[0])
		len += (size_t)snprintf(out + len, USER_LINE_WORDS_MAX - len, " interface=%s",
					u->interface);
	if (u->mtu)
		len += (size_t)snprintf(out + len, USER_LINE_WORDS_MAX - len, " mtu=%u", u->mtu);
	else
		len += (size_t)snprintf(out + len, USER_LINE_WORDS_MAX - len, " mtu=auto");
	snprintf(out + len, USER_LINE_WORDS_MAX - len, " ttl=%u", u->ttl);
	return out;
}
