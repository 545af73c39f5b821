/* SPDX-License-Identifier: ISC */
#include "account/account_line.h"
#include "account/account_words.h"

#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "unit.h"

static char why[ACCOUNT_WHY_MAX];

/* An account line with these words, or NULL. The one before is freed. */
static const struct account *with(const char *words)
{
	static struct account *a;
	char line[2048];

	account_free(a);
	snprintf(line, sizeof line, "s 1 u p %s", words);
	snprintf(why, sizeof why, "%s", "");
	account_line_parse(line, strlen(line), &a, why);
	return a;
}

static void check_bad(const char *words)
{
	char name[32];

	CHECK_FOR(words, !with(words));
	snprintf(name, sizeof name, "%.*s= takes", (int)strcspn(words, "="), words);
	CHECK_HAS(why, name);
}

static void defaults(void)
{
	const struct account *a = with("");

	CHECK(a != NULL);
	CHECK_INT(a->type, DTCP_NETWORK);
	CHECK_STR(a->link, "");
	CHECK_STR(a->interface, "dtcp0");
	CHECK_INT(a->settings.n_lans, 0);
	CHECK_INT(a->settings.route, ROUTE_DEFAULT);
	CHECK_INT(a->settings.metric, 4096);
	CHECK_INT(a->settings.mtu, 0);
	CHECK_INT(a->settings.ttl, 64);
	CHECK_INT(a->ping, 60);
	CHECK(a->build);
	CHECK(a->script == NULL);
	CHECK(a->check_path);
}

static void type(void)
{
	CHECK(with("type=network") && with("type=network")->type == DTCP_NETWORK);
	CHECK(with("type=host") && with("type=host")->type == DTCP_HOST);
	CHECK(with("type=tunnelonly") && with("type=tunnelonly")->type == DTCP_TUNNELONLY);
	CHECK_INT(with("type=tunnelonly")->settings.route, ROUTE_NONE);
	CHECK_INT(with("type=tunnelonly route=default")->settings.route, ROUTE_DEFAULT);
	CHECK_INT(with("route=default type=tunnelonly")->settings.route, ROUTE_DEFAULT);
	check_bad("type=");
	check_bad("type=Network");
	check_bad("type=tunnelroute");
	check_bad("type=hosts");
}

static void link(void)
{
	CHECK_STR(with("link=ppp0")->link, "ppp0");
	CHECK_STR(with("link=eth0.100")->link, "eth0.100");
	CHECK_STR(with("link=123456789012345")->link, "123456789012345");
	check_bad("link=1234567890123456");
	check_bad("link=");
	check_bad("link=.");
	check_bad("link=..");
	check_bad("link=a/b");
	check_bad("link=a:b");
	check_bad("link=a\x7f");
	CHECK(!with("\"link=a b\""));
	CHECK_HAS(why, "'link=a b': link= takes");
}

static void interface(void)
{
	CHECK_STR(with("interface=a")->interface, "a");
	CHECK_STR(with("interface=Z9_.-")->interface, "Z9_.-");
	CHECK_STR(with("interface=a12345678901234")->interface, "a12345678901234");
	CHECK_STR(with("interface=sit1")->interface, "sit1");
	check_bad("interface=a123456789012345");
	check_bad("interface=");
	check_bad("interface=sit0");
	check_bad("interface=0a");
	check_bad("interface=_a");
	check_bad("interface=.a");
	check_bad("interface=-a");
	check_bad("interface=a+b");
	check_bad("interface=a\xc3\xa4");
}

static void lan(void)
{
	const struct account *a = with("lan=eth1,eth2,eth3:a,eth4");

	CHECK(a != NULL);
	CHECK_INT(a->settings.n_lans, 4);
	CHECK_STR(a->settings.lans[0].name, "eth1");
	CHECK_INT(a->settings.lans[0].subnet, 0);
	CHECK_INT(a->settings.lans[1].subnet, 1);
	CHECK_INT(a->settings.lans[2].subnet, 10);
	CHECK_INT(a->settings.lans[3].subnet, 3);
	CHECK_INT(with("lan=e:ffffffff")->settings.lans[0].subnet, 0xffffffff);
	CHECK_INT(with("lan=e:0")->settings.lans[0].subnet, 0);
	CHECK_INT(with("lan=e:BEEF")->settings.lans[0].subnet, 0xbeef);
	CHECK_INT(with("lan=e0,e1,e2,e3,e4,e5,e6,e7,e8,e9,ea,eb,ec,ed,ee,ef")->settings.n_lans, 16);
	check_bad("lan=e0,e1,e2,e3,e4,e5,e6,e7,e8,e9,ea,eb,ec,ed,ee,ef,eg");
	check_bad("lan=");
	check_bad("lan=a,");
	check_bad("lan=,a");
	check_bad("lan=a:");
	check_bad("lan=a:g");
	check_bad("lan=a:0x1");
	check_bad("lan=a:-1");
	check_bad("lan=a:100000000");
	check_bad("lan=a:1:2");
	check_bad("lan=a,b:0");
	check_bad("lan=a:1,b:1");
	check_bad("lan=a123456789012345");
	CHECK(!with("lan=a type=host"));
	CHECK_HAS(why, "type=network");
	CHECK(!with("lan=a type=tunnelonly"));
}

/* In a batch, ip(8) takes # for the beginning of a comment, and knows quotes. */
static void lan_for_batch(void)
{
	check_bad("lan=a#b");
	check_bad("lan=a\"b");
	check_bad("lan=a'b");
	check_bad("lan=a\\b");
}

static void route(void)
{
	const struct account *a = with("route=2001:db8::/32,fd00::/8,::/0");

	CHECK(a != NULL);
	CHECK_INT(a->settings.route, ROUTE_LIST);
	CHECK_INT(a->settings.n_routes, 3);
	CHECK_INT(a->settings.routes[1].len, 8);
	CHECK_INT(with("route=default")->settings.route, ROUTE_DEFAULT);
	CHECK_INT(with("route=none")->settings.route, ROUTE_NONE);
	CHECK_INT(with("route=guard")->settings.route, ROUTE_GUARD);
	CHECK_INT(with("route=1::/16,2::/16,3::/16,4::/16,5::/16,6::/16,7::/16,8::/16,9::/16,a::/16,"
		       "b::/16,c::/16,d::/16,e::/16,f::/16,10::/16")->settings.n_routes, 16);
	check_bad("route=1::/16,2::/16,3::/16,4::/16,5::/16,6::/16,7::/16,8::/16,9::/16,a::/16,"
		  "b::/16,c::/16,d::/16,e::/16,f::/16,10::/16,11::/16");
	check_bad("route=");
	check_bad("route=Default");
	check_bad("route=default,none");
	check_bad("route=guard,2000::/3");
	check_bad("route=2001:db8::/32,");
	check_bad("route=2001:db8::");
	check_bad("route=2001:db8::1/32");
	check_bad("route=2001:db8::/129");
	check_bad("route=10.0.0.0/8");
	check_bad("route=2001:db8::/32,2001:0db8::/32");
}

/* The numbers: their bounds, one beyond each, and what is no number. */
static void number(const char *name, uint32_t min, uint32_t max)
{
	static const char *const bad[] = {"", "-1", "+5", "5x", " 5", "0x20", "5.0", "4294967296",
					  "18446744073709551615", "99999999999999999999999"};
	char word[64];

	snprintf(word, sizeof word, "%s=%u", name, min);
	CHECK_FOR(word, with(word));
	snprintf(word, sizeof word, "%s=%u", name, max);
	CHECK_FOR(word, with(word));
	snprintf(word, sizeof word, "%s=%u", name, min - 1);
	check_bad(word);
	snprintf(word, sizeof word, "%s=%u", name, max + 1);
	check_bad(word);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(word, sizeof word, "%s=%s", name, bad[i]);
		check_bad(word);
	}
}

static void numbers(void)
{
	number("metric", 1, 4294967293u);
	number("mtu", 1280, 65515);
	number("ttl", 1, 255);
	number("ping", 1, 240);
	CHECK_INT(with("metric=4294967293")->settings.metric, 4294967293u);
	CHECK_INT(with("mtu=65515")->settings.mtu, 65515);
	CHECK_INT(with("mtu=auto")->settings.mtu, 0);
	CHECK_INT(with("ttl=255")->settings.ttl, 255);
	CHECK_INT(with("ping=240")->ping, 240);
}

/* A value of the word, number 0 or 1, that is not its default. */
static const char *sample(const struct account_word *w, unsigned number)
{
	static const char *const other[][2] = {
		[WORD_TYPE] = {"host", "tunnelonly"}, [WORD_LINK] = {"l", "m"},
		[WORD_INTERFACE] = {"i", "j"}, [WORD_LANS] = {"a", "b:2"},
		[WORD_ROUTE] = {"none", "2000::/3"}, [WORD_FILE] = {"/s", "/t"},
	};
	static char text[64];

	if (w->kind == WORD_FLAG)
		snprintf(text, sizeof text, "%s=%s", w->name, number ? w->yes : w->no);
	else if (w->kind == WORD_NUMBER)
		snprintf(text, sizeof text, "%s=%u", w->name, w->least + number);
	else
		snprintf(text, sizeof text, "%s=%s", w->name, other[w->kind][number]);
	return text;
}

static void tunnel_none(void)
{
	const struct account_word *w;
	char words[128];

	CHECK(with("tunnel=sit")->build);
	CHECK(!with("tunnel=none")->build);
	CHECK(with("tunnel=none type=host link=l interface=i ping=5 script=/s"));
	CHECK(!with("tunnel=none mtu=auto"));
	for (unsigned i = 0; (w = account_word(i)) != NULL; i++) {
		if (strcmp(w->name, "tunnel") == 0)
			continue;
		snprintf(words, sizeof words, "tunnel=none %s", sample(w, 0));
		CHECK_FOR(words, !with(words) == w->builds);
		CHECK_HAS(w->builds ? why : "tunnel=none", "tunnel=none");
		snprintf(words, sizeof words, "%s tunnel=none", sample(w, 0));
		CHECK_FOR(words, !with(words) == w->builds);
		snprintf(words, sizeof words, "%s tunnel=sit", sample(w, 0));
		CHECK_FOR(words, with(words));
	}
	check_bad("tunnel=");
	check_bad("tunnel=gre");
}

static void script(void)
{
	CHECK_STR(with("script=/etc/ppp/event")->script, "/etc/ppp/event");
	CHECK_STR(with("\"script=/a b\"")->script, "/a b");
	check_bad("script=");
	check_bad("script=event");
	check_bad("script=./event");
}

static void path(void)
{
	CHECK(with("path=check")->check_path);
	CHECK(with("path=trust") && !with("path=trust")->check_path);
	check_bad("path=");
	check_bad("path=none");
}

static void unknown(void)
{
	static const char *const bad[] = {"mut=1280", "=", "=x", "MTU=1280", "types=host",
					  "typ=host", "mtu =1280"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_FOR(bad[i], !with(bad[i]));
	CHECK(!with("mut=1280"));
	CHECK_HAS(why, "mut");
	CHECK_HAS(why, "unknown word (there are type link interface ");
	CHECK_HAS(why, " script path)");
	CHECK(!with("word"));
	CHECK_HAS(why, "no name=value");
}

static void repeated(void)
{
	const struct account_word *w;
	char twice[128];

	for (unsigned i = 0; (w = account_word(i)) != NULL; i++) {
		snprintf(twice, sizeof twice, "%s %s", sample(w, 0), sample(w, 0));
		CHECK_FOR(twice, !with(twice));
		CHECK_HAS(why, "twice");
	}
}

/* What a word has been given, it prints. */
static void printed(void)
{
	const struct account_word *w;
	char value[ACCOUNT_VALUE_MAX], word[ACCOUNT_VALUE_MAX + 16];

	for (unsigned i = 0; (w = account_word(i)) != NULL; i++)
		for (unsigned n = 0; n < 2; n++) {
			const char *given = sample(w, n);
			const struct account *a = with(given);

			if (strcmp(given, "lan=a") == 0)
				given = "lan=a:0";
			if (!CHECK_FOR(given, a && account_word_value(a, w, value)))
				continue;
			snprintf(word, sizeof word, "%s=%s", w->name, value);
			CHECK_STR(word, given);
		}
	CHECK(account_word_value(with("route=1::/16,2::/16"), account_word(4), value));
	CHECK_STR(value, "1::/16,2::/16");
	CHECK(account_word_value(with("lan=a,b:F"), account_word(3), value));
	CHECK_STR(value, "a:0,b:f");
	CHECK(account_word_value(with("mtu=auto"), account_word(6), value));
	CHECK_STR(value, "auto");
	CHECK(!account_word_value(with(""), account_word(1), value));
	CHECK(!account_word_value(with("tunnel=none"), account_word(7), value));
}

/* Accounts are equal where every word is. */
static void compared(void)
{
	const struct account_word *w;
	char first[64];

	for (unsigned i = 0; (w = account_word(i)) != NULL; i++)
		for (unsigned n = 0; n < 2; n++) {
			struct account *a, *b, *plain;
			char line[96];

			snprintf(first, sizeof first, "%s", sample(w, n));
			snprintf(line, sizeof line, "s 1 u p %s", first);
			account_line_parse(line, strlen(line), &a, why);
			account_line_parse(line, strlen(line), &b, why);
			account_line_parse("s 1 u p", 7, &plain, why);
			CHECK_FOR(first, account_equal(a, b));
			CHECK_FOR(first, account_equal(a, plain) == account_equal(plain, a));
			CHECK_FOR(first, account_equal(a, plain) ==
						 (w->kind == WORD_FLAG && n == 1));
			account_free(b);
			snprintf(line, sizeof line, "s 1 u p %s", sample(w, !n));
			account_line_parse(line, strlen(line), &b, why);
			CHECK_FOR(first, !account_equal(a, b));
			account_free(a);
			account_free(b);
			account_free(plain);
		}
}

/* What a word after the password is that is none, without showing a password. */
static void no_word(void)
{
	CHECK(!with("lan = eth1"));
	CHECK_HAS(why, "'lan' has no value (lan=VALUE");
	CHECK(!with("ttl=9 \\"));
	CHECK_HAS(why, "continued");
	CHECK(!with("\\"));
	CHECK_HAS(why, "continued");
	CHECK(!with("ttl=9 rest"));
	CHECK_HAS(why, "'rest' is no name=value word");
	CHECK(!with("rest"));
	CHECK(!strstr(why, "rest"));
	CHECK_HAS(why, "double quotes");
}

static const struct unit_case cases[] = {
	{"what holds without words", defaults},
	{"type=", type},
	{"link=", link},
	{"interface=", interface},
	{"lan=", lan},
	{"lan= takes no name that ip -batch would read otherwise", lan_for_batch},
	{"route=", route},
	{"metric=, mtu=, ttl= and ping=, at their bounds", numbers},
	{"tunnel=none excludes the words that build", tunnel_none},
	{"script=", script},
	{"path=", path},
	{"unknown words are named", unknown},
	{"each word may stand once", repeated},
	{"each word prints what it was given", printed},
	{"accounts differ by every word", compared},
	{"what is no word is named where it cannot be the password", no_word},
};
UNIT_MAIN(cases)
