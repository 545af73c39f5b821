/* SPDX-License-Identifier: ISC */
#include "server/config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "server/user_line.h"
#include "unit.h"

static struct config c;

static bool parse(const char *text)
{
	unit_log_clear();
	return config_parse(&c, "f", text, strlen(text));
}

/* The first user's words, with the defaults; "" where the text is refused. */
static const char *words(const char *line)
{
	static char out[USER_LINE_WORDS_MAX];
	char text[2048];

	out[0] = '\0';
	snprintf(text, sizeof text, "user u p %s\n", line);
	if (parse(text)) {
		user_line_words(c.users, out);
		config_free(&c);
	}
	return out;
}

/* Text is refused with a message that has part in it. */
static void refused(const char *text, const char *part)
{
	CHECK_FOR(text, !parse(text));
	CHECK_HAS(unit_log(), part);
	CHECK(c.users == NULL);
	config_free(&c);
}

static void defaults(void)
{
	CHECK(parse("# x\n\nuser foo bar\n"));
	CHECK_INT(c.n_listen, 1);
	CHECK_INT(c.listen[0].sin_addr.s_addr, 0);
	CHECK_INT(ntohs(c.listen[0].sin_port), 20200);
	CHECK_INT(c.idle, 300);
	CHECK_INT(c.sessions, 1024);
	CHECK_STR(c.script, "");
	CHECK_INT(c.n_users, 1);
	CHECK_STR(c.users->name, "foo");
	CHECK_STR(c.users->password, "bar");
	CHECK_INT(c.users->line, 3);
	CHECK(!config_serves(c.users, DTCP_NETWORK));
	CHECK(!config_serves(c.users, DTCP_HOST));
	CHECK(!config_serves(c.users, DTCP_TUNNELONLY));
	config_free(&c);
	CHECK_STR(words(""), " tunnelonly=no mtu=auto ttl=64");
}

static void directives(void)
{
	CHECK(parse("listen 203.0.113.1\nlisten 203.0.113.2:99 # here\nidle 7\nsessions 3\n"
		    "script \"/a b\"\nuser \"foo\" \"a \\\"b\" # c\n"));
	CHECK_INT(c.n_listen, 2);
	CHECK_STR(text_ipv4(c.listen[1].sin_addr), "203.0.113.2");
	CHECK_INT(ntohs(c.listen[0].sin_port), 20200);
	CHECK_INT(ntohs(c.listen[1].sin_port), 99);
	CHECK_INT(c.idle, 7);
	CHECK_INT(c.sessions, 3);
	CHECK_STR(c.script, "/a b");
	CHECK_STR(c.users->password, "a \"b");
	config_free(&c);
}

static void user_words(void)
{
	CHECK_STR(words("prefix=2001:0db8:1::/48,fd00::/64"),
		  " prefix=2001:db8:1::/48,fd00::/64 tunnelonly=no mtu=auto ttl=64");
	CHECK_STR(words("host=2001:db8::2,2001:db8::1 tunnelonly=yes interface=joe mtu=1280 ttl=1"),
		  " host=2001:db8::2,2001:db8::1 tunnelonly=yes interface=joe mtu=1280 ttl=1");
	CHECK_STR(words("\"prefix=2001:db8:1::/48\" \"host=2001:db8:1::2,2001:db8::1\""),
		  " prefix=2001:db8:1::/48 host=2001:db8:1::2,2001:db8::1 tunnelonly=no mtu=auto "
		  "ttl=64");
}

static void bad_words(void)
{
	static const char *const bad[] = {
		"prefix=",
		"prefix=2001:db8::/31",
		"prefix=2001:db8::/65",
		"prefix=2001:db8::1/48",
		"prefix=fe80::/64",
		"prefix=2001:db8::",
		"prefix=2001:db8::/48,",
		"host=2001:db8::1",
		"host=2001:db8::1,2001:db8::1",
		"host=fe80::1,2001:db8::1",
		"tunnelonly=maybe",
		"interface=sit0",
		"interface=0x",
		"mtu=1279",
		"mtu=65516",
		"ttl=0",
		"ttl=256",
		"ttl=",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_STR(words(bad[i]), "");
		CHECK_HAS(unit_log(), "3 f:1: '");
		CHECK_HAS(unit_log(), bad[i]);
	}
	CHECK_STR(words("ttl=1 ttl=2"), "");
	CHECK_HAS(unit_log(), "ttl= stands twice");
	CHECK_STR(words("ttl=1 color=red"), "");
	CHECK_HAS(unit_log(), "'color=' is an unknown word (there are prefix host tunnelonly "
			      "interface mtu ttl)");
}

/* What may be a part of a password without quotes is not shown. */
static void secrets(void)
{
	refused("user u my secret\n", "no name=value word");
	CHECK(!strstr(unit_log(), "secret"));
	refused("user u my pass=secret\n", "'pass=' is an unknown word");
	CHECK(!strstr(unit_log(), "secret"));
}

static void bad_lines(void)
{
	refused("", "f:1: no user in this file");
	refused("listen 203.0.113.1\n# and\n\n", "f:3: no user in this file");
	refused("users foo bar\n", "f:1: 'users' is none of");
	refused("user foo\n", "f:1: user takes a name, a password");
	refused("user\n", "f:1: user takes a name");
	refused("user foo \"\"\n", "f:1: user takes a name");
	refused("user \"a b\" c\n", "f:1: 'a b': user takes a name");
	refused("listen ::1\n", "'::1': listen takes");
	refused("listen 203.0.113.1:0\n", "listen takes");
	refused("listen 203.0.113.1\nlisten 203.0.113.1\n", "f:2: ");
	refused("listen 203.0.113.1\nlisten 0.0.0.0\n", "f:2: '0.0.0.0': listen takes");
	refused("listen 0.0.0.0:99\nlisten 203.0.113.1:99\n", "f:2: '203.0.113.1:99': listen takes");
	refused("idle 0\n", "'0': idle takes");
	refused("idle\n", "'': idle takes");
	refused("idle 1 2\n", "'2': idle takes");
	refused("idle 1\nidle 2\n", "f:2: idle stands twice");
	refused("sessions 8193\n", "sessions takes");
	refused("script x\n", "'x': script takes");
	refused("user a b \"c\n", "no closing quote");
}

static void overlaps(void)
{
	refused("user a x prefix=2001:db8::/32\nuser b x prefix=2001:db8:1::/48\n",
		"f:2: 2001:db8:1::/48 of user 'b' overlaps 2001:db8::/32 of user 'a' in line 1");
	refused("user a x prefix=2001:db8:1::/48,2001:db8:1::/48\n", "overlaps");
	refused("user a x host=2001:db8:1::1,2001:db8::1\nuser b x prefix=2001:db8:1::/48\n",
		"f:1: 2001:db8:1::1/128 of user 'a' overlaps");
	/* Nobody sends as this machine does. */
	refused("user a x host=2001:db8:1::2,2001:db8:1::1\nuser b x prefix=2001:db8:1::/48\n",
		"of user 'a' overlaps");
	refused("user a x host=2001:db8::2,2001:db8::1\nuser b x host=2001:db8::1,2001:db8::2\n",
		"overlaps");
	refused("user a x host=2001:db8::2,2001:db8::1\nuser b x host=2001:db8::3,2001:db8::1\n"
		"user c x host=2001:db8::1,2001:db8::4\n",
		"overlaps");
	/* Behind an address of its own user, too. */
	refused("user a x prefix=2001:db8:1::/48 host=2001:db8:1::1,2001:db8::1\n"
		"user b x host=2001:db8:1::2,2001:db8::1\n",
		"overlaps");
	refused("user a x\nuser b y\nuser a z\n", "f:3: user 'a' stands in line 1 too");
	refused("user a x interface=i\nuser b y interface=i\n", "interface=i is that of user");
	CHECK(parse("user a x prefix=2001:db8:1::/48\nuser b y prefix=2001:db8:2::/48\n"));
	config_free(&c);
	CHECK(parse("user a x prefix=2001:db8:1::/48 host=2001:db8:1::2,2001:db8:1::1\n"));
	config_free(&c);
	CHECK(parse("user a x host=2001:db8::2,2001:db8::1\nuser b x host=2001:db8::3,2001:db8::1\n"));
	config_free(&c);
}

static void numbers(void)
{
	struct config old;

	CHECK(parse("user a x ttl=1\nuser b x\nuser c x\n"));
	old = c;
	CHECK(parse("user d x\nuser c y\nuser a x ttl=2\nuser b x\n"));
	CHECK(config_renumber(&c, &old));
	CHECK_INT(c.users->id, 4);
	CHECK_INT(c.users->next->id, 3);	     /* another password */
	CHECK_INT(c.users->next->next->id, 5);	     /* another word */
	CHECK_INT(c.users->next->next->next->id, 2); /* another line */
	CHECK_STR(config_user(&c, 3)->name, "c");
	CHECK(config_user(&c, 1) == NULL);
	config_forget_passwords(&c);
	CHECK_STR(c.users->password, "");
	CHECK_STR(c.users->name, "d");
	config_free(&old);
	config_free(&c);
}

static void any_word(void)
{
	static const char *const others[] = {
		"user a x",
		"user a x prefix=2001:db8:2::/48",
		"user a x prefix=2001:db8:1::/48,2001:db8:2::/48",
		"user a x prefix=2001:db8:1::/48 host=2001:db8::1,2001:db8::2",
		"user a x prefix=2001:db8:1::/48 tunnelonly=yes",
		"user a x prefix=2001:db8:1::/48 interface=i",
		"user a x prefix=2001:db8:1::/48 mtu=1400",
		"user a x prefix=2001:db8:1::/48 ttl=63",
		"user b x prefix=2001:db8:1::/48",
	};
	struct config old;

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		CHECK(parse("user a x prefix=2001:db8:1::/48"));
		old = c;
		CHECK(parse(others[i]));
		CHECK(config_renumber(&c, &old));
		CHECK_INT(c.users->id, 2);
		config_free(&old);
		config_free(&c);
	}
}

/* Up to MANY users, in an order of their own, of whom some are missing. */
enum { MANY = 300 };
static void parse_many(unsigned *seed)
{
	unsigned order[MANY];
	char text[MANY * 32];
	size_t len = 0;

	for (unsigned i = 0; i < MANY; i++) {
		unsigned j = unit_random(seed) % (i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned i = 0; i < MANY; i++)
		if (unit_random(seed) % 8)
			len += (size_t)snprintf(text + len, sizeof text - len, "user %c%u x ttl=%u\n",
						order[i] % 2 ? 'u' : 'U', order[i],
						unit_random(seed) % 8 ? 1 : 2);
	CHECK(parse(text));
}

/* The number of the one among old that has the same name and words, 0: there is none. */
static uint32_t number_of(const struct config_user *u, const struct config *old)
{
	char a[USER_LINE_WORDS_MAX], b[USER_LINE_WORDS_MAX];

	for (const struct config_user *o = old->users; o; o = o->next)
		if (strcmp(o->name, u->name) == 0 &&
		    strcmp(user_line_words(u, a), user_line_words(o, b)) == 0)
			return o->id;
	return 0;
}

static void many(void)
{
	unsigned seed = 1, kept = 0, n = 0;
	struct config old;

	parse_many(&seed);
	for (unsigned times = 0; times < 4; times++) {
		uint32_t next;

		old = c;
		next = old.last_id;
		parse_many(&seed);
		CHECK(config_renumber(&c, &old));
		for (const struct config_user *u = c.users; u; u = u->next, n++) {
			uint32_t same = number_of(u, &old);

			kept += same > 0;
			CHECK_INT(u->id, same ? same : ++next);
		}
		CHECK_INT(c.last_id, next);
		config_free(&old);
	}
	CHECK(kept > n / 2 && kept < n);
	config_free(&c);
}

/* Sorted by any order; the file's own stays. */
static void sorted(void)
{
	struct config_entry *list;

	CHECK(parse("user b x\nuser a x\nuser B x\n"));
	list = config_sorted(&c, config_by_name);
	CHECK_STR(list[0].user->name, "B");
	CHECK_STR(list[1].user->name, "a");
	CHECK_STR(list[2].user->name, "b");
	free(list);
	c.users->id = UINT32_MAX;
	list = config_sorted(&c, config_by_id);
	CHECK_STR(list[0].user->name, "a");
	CHECK_STR(list[1].user->name, "B");
	CHECK_STR(list[2].user->name, "b");
	free(list);
	CHECK_STR(c.users->name, "b");
	config_free(&c);
}

static const struct unit_case cases[] = {
	{"a user's line is enough, and the rest has its defaults", defaults},
	{"listen, idle, sessions, script, and fields in quotes", directives},
	{"the words of a user", user_words},
	{"words out of their bounds are refused, and quoted", bad_words},
	{"what may be a part of a password is not shown", secrets},
	{"lines that say nothing sensible are refused with their number", bad_lines},
	{"users, interfaces and prefixes are each one user's", overlaps},
	{"a user has the number of the file before, while its words are the same", numbers},
	{"many users, in another order: each has the number that one by one would find", many},
	{"users by name and by number", sorted},
	{"each word that is another one makes another number", any_word},
};

UNIT_MAIN(cases)
