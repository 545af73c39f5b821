/* SPDX-License-Identifier: ISC */
#include "protocol/dtcp.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "protocol/digest.h"
#include "unit.h"

static char why[OFFER_WHY_MAX];
static struct offer offer;

/* Reads an offer as the answer to a login: what follows "+OK ". */
static bool read_offer(enum dtcp_type type, const char *rest)
{
	snprintf(why, sizeof why, "%s", "");
	memset(&offer, 0xa5, sizeof offer);
	return dtcp_offer(rest, type, &offer, why);
}

static const char *text4(struct in_addr a)
{
	static char out[INET_ADDRSTRLEN];

	return inet_ntop(AF_INET, &a, out, sizeof out);
}

static const char *text6(const struct in6_addr *a)
{
	static char out[INET6_ADDRSTRLEN];

	return inet_ntop(AF_INET6, a, out, sizeof out);
}

static const char *prefix(unsigned i)
{
	return text_prefix(&offer.prefixes[i]);
}

static void check_answer(const char *line, enum dtcp_answer want, const char *want_rest)
{
	const char *rest = NULL;

	CHECK_INT(dtcp_answer(line, &rest), want);
	CHECK_STR(rest, want_rest);
}

static void answers(void)
{
	check_answer("+OK pong", DTCP_OK, "pong");
	check_answer("+OK", DTCP_OK, "");
	check_answer("+OK ", DTCP_OK, "");
	check_answer("+OK   see you soon.", DTCP_OK, "see you soon.");
	check_answer("-ERR authentication failed.", DTCP_ERR, "authentication failed.");
	check_answer("-ERR", DTCP_ERR, "");
	check_answer("-ERR \xe3\x81\x82", DTCP_ERR, "\xe3\x81\x82");
}

static void no_answers(void)
{
	static const char *const bad[] = {"", "+", "+O", "+ok x", " +OK x", "+OKAY", "OK", "-ERROR x",
					  "-err x", "-ER", "220 mail.example ESMTP",
					  "SSH-2.0-OpenSSH_9.2", "HTTP/1.1 400 Bad Request"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check_answer(bad[i], DTCP_BAD, bad[i]);
}

static void greetings(void)
{
	char challenge[DTCP_CHALLENGE_MAX + 1], longest[DTCP_CHALLENGE_MAX + 2];

	CHECK(dtcp_challenge("7829445925a06093ef7f5d995ac7d7f5 FBDC TunnelBroker (version 0.2) "
			     "Ready. <1817>:4096", challenge));
	CHECK_STR(challenge, "7829445925a06093ef7f5d995ac7d7f5");
	CHECK(dtcp_challenge("0B1517C87D516A5FA65BED722D51A04F", challenge));
	CHECK_STR(challenge, "0B1517C87D516A5FA65BED722D51A04F");
	CHECK(!dtcp_challenge("", challenge));
	memset(longest, 'x', sizeof longest);
	longest[DTCP_CHALLENGE_MAX] = '\0';
	CHECK(dtcp_challenge(longest, challenge));
	CHECK_STR(challenge, longest);
	longest[DTCP_CHALLENGE_MAX] = 'x';
	longest[DTCP_CHALLENGE_MAX + 1] = '\0';
	CHECK(!dtcp_challenge(longest, challenge));
}

static void letter_case(void)
{
	CHECK(dtcp_upper("0B1517C87D516A5FA65BED722D51A04F"));
	CHECK(!dtcp_upper("7829445925a06093ef7f5d995ac7d7f5"));
	CHECK(!dtcp_upper("Ab"));
	CHECK(!dtcp_upper("bA"));
	CHECK(!dtcp_upper("0123456789"));
	CHECK(!dtcp_upper(""));
}

static void authentication(void)
{
	CHECK(dtcp_authentication_failed("authentication failed."));
	CHECK(dtcp_authentication_failed("authentication failed"));
	CHECK(!dtcp_authentication_failed("tunnel interface sold out"));
	CHECK(!dtcp_authentication_failed("unsupported tunnel type X"));
	CHECK(!dtcp_authentication_failed("the authentication failed"));
	CHECK(!dtcp_authentication_failed("authentication"));
	CHECK(!dtcp_authentication_failed(""));
	CHECK(dtcp_unsupported_type("unsupported tunnel type network"));
	CHECK(!dtcp_unsupported_type("authentication failed."));
	CHECK(!dtcp_unsupported_type("unsupported"));
}

static const unsigned char digest[DTCP_DIGEST_BYTES] = {
	0xf0, 0xe1, 0x30, 0xbf, 0xdd, 0xae, 0xf3, 0xa5, 0xa5, 0x26, 0xf7, 0x77, 0x38, 0xbc, 0x91, 0xa3,
};

static void command(void)
{
	char out[DTCP_COMMAND_MAX];

	CHECK_INT(dtcp_command(out, "sengoku", digest, false, DTCP_NETWORK), 57);
	CHECK_STR(out, "tunnel sengoku f0e130bfddaef3a5a526f77738bc91a3 network\r\n");
	CHECK(dtcp_command(out, "foo", digest, true, DTCP_HOST));
	CHECK_STR(out, "tunnel foo F0E130BFDDAEF3A5A526F77738BC91A3 host\r\n");
	CHECK(dtcp_command(out, "foo", digest, true, DTCP_TUNNELONLY));
	CHECK_STR(out, "tunnel foo F0E130BFDDAEF3A5A526F77738BC91A3 tunnelonly\r\n");
}

static void long_user(void)
{
	char out[DTCP_COMMAND_MAX], user[DTCP_COMMAND_MAX + 1];
	size_t rest = strlen("tunnel ") + 1 + 32 + strlen(" network\r\n");

	memset(user, 'u', sizeof user);
	user[DTCP_COMMAND_MAX - 1 - rest] = '\0';
	CHECK_INT(dtcp_command(out, user, digest, false, DTCP_NETWORK), DTCP_COMMAND_MAX - 1);
	user[DTCP_COMMAND_MAX - 1 - rest] = 'u';
	user[DTCP_COMMAND_MAX - rest] = '\0';
	CHECK_INT(dtcp_command(out, user, digest, false, DTCP_NETWORK), 0);
	/* The longest of an account file fits. */
	user[DIGEST_WORD_MAX] = '\0';
	CHECK(dtcp_command(out, user, digest, false, DTCP_NETWORK) > 0);
}

static void network(void)
{
	CHECK(read_offer(DTCP_NETWORK, "60.32.85.217 43.244.255.37 2001:03e0:03c3::/48"));
	CHECK_INT(offer.type, DTCP_NETWORK);
	CHECK_STR(text4(offer.seen_as), "60.32.85.217");
	CHECK_STR(text4(offer.remote), "43.244.255.37");
	CHECK_INT(offer.n_prefixes, 1);
	CHECK_STR(prefix(0), "2001:3e0:3c3::/48");
	CHECK_INT(offer.ignored + offer.cleared, 0);
}

static void several_prefixes(void)
{
	CHECK(read_offer(DTCP_NETWORK, "192.0.2.1 192.0.2.2 2001:db8:1::/48 2001:db8:2::/48 "
				       "fd00::/40"));
	CHECK_INT(offer.n_prefixes, 3);
	CHECK_STR(prefix(1), "2001:db8:2::/48");
	CHECK_STR(prefix(2), "fd00::/40");
	CHECK_INT(offer.ignored, 0);
}

static void most_prefixes(void)
{
	char rest[700] = "1.1.1.1 1.1.1.2";

	for (int i = 0; i < TUNNEL_PREFIXES; i++)
		strcat(rest, " 2000::/32");
	CHECK(read_offer(DTCP_NETWORK, rest));
	CHECK_INT(offer.n_prefixes, TUNNEL_PREFIXES);
	CHECK_INT(offer.ignored, 0);
}

static void links_before(void)
{
	CHECK(read_offer(DTCP_NETWORK, "192.0.2.1 192.0.2.2 fe80::1 2001:db8::2 2001:db8:1::/48"));
	CHECK_INT(offer.n_prefixes, 1);
	CHECK_STR(prefix(0), "2001:db8:1::/48");
	CHECK_INT(offer.ignored, 0);
}

static void words_after(void)
{
	CHECK(read_offer(DTCP_NETWORK, "192.0.2.1 192.0.2.2 2001:db8:1::/48 hello 2001:db8::1 "
				       "2001:db8:2::/200 2001:db8:3::/48"));
	CHECK_INT(offer.n_prefixes, 2);
	CHECK_STR(prefix(1), "2001:db8:3::/48");
	CHECK_INT(offer.ignored, 3);
	CHECK(read_offer(DTCP_TUNNELONLY, "192.0.2.1 192.0.2.2 more words/here"));
	CHECK_INT(offer.ignored, 2);
	CHECK_INT(offer.n_prefixes, 0);
}

static void host(void)
{
	CHECK(read_offer(DTCP_HOST, "192.0.2.1 192.0.2.2 3ffe:501:ffff:f000::0006 "
				    "3ffe:501:ffff:f000::0005"));
	CHECK_STR(text6(&offer.near6), "3ffe:501:ffff:f000::6");
	CHECK_STR(text6(&offer.peer6), "3ffe:501:ffff:f000::5");
	CHECK_INT(offer.n_prefixes, 0);
	CHECK(read_offer(DTCP_HOST, "192.0.2.1 192.0.2.2 2001:db8:1::/48 2001:db8::6 2001:db8::5 "
				    "2001:db8::4"));
	CHECK_STR(text6(&offer.near6), "2001:db8::6");
	CHECK_INT(offer.ignored, 2);
	CHECK_INT(offer.n_prefixes, 0);
}

static void tunnelonly(void)
{
	CHECK(read_offer(DTCP_TUNNELONLY, "192.0.2.1 192.0.2.2"));
	CHECK_STR(text4(offer.remote), "192.0.2.2");
	CHECK_INT(offer.n_prefixes, 0);
	CHECK(read_offer(DTCP_TUNNELONLY, "  192.0.2.1   192.0.2.2  "));
	CHECK_STR(text4(offer.remote), "192.0.2.2");
}

/* Nothing of what was in the memory before is taken for an offer but the near
 * end, which is not the server's to say. */
static void starts_clean(void)
{
	struct in_addr before;

	memset(&before, 0xa5, sizeof before);
	CHECK(read_offer(DTCP_TUNNELONLY, "192.0.2.1 192.0.2.2"));
	CHECK(offer.local.s_addr == before.s_addr);
	CHECK_STR(text6(&offer.near6), "::");
	CHECK_INT(offer.cleared, 0);
}

static void malformed(void)
{
	static const struct {
		enum dtcp_type type;
		const char *rest, *says;
	} bad[] = {
		{DTCP_NETWORK, "", "client address"},
		{DTCP_NETWORK, "192.0.2.1", "server address"},
		{DTCP_NETWORK, "tunnel 192.0.2.2 2001:db8::/32", "'tunnel'"},
		{DTCP_NETWORK, "192.0.2.1 2001:db8::1 2001:db8::/32", "'2001:db8::1'"},
		{DTCP_NETWORK, "192.0.2.1 192.0.2 2001:db8::/32", "'192.0.2'"},
		{DTCP_NETWORK, "192.0.2.1 192.0.2.256 2001:db8::/32", "'192.0.2.256'"},
		{DTCP_NETWORK, "192.0.2.1 0xc0.0.2.2 2001:db8::/32", "'0xc0.0.2.2'"},
		{DTCP_NETWORK, "192.0.2.1 192.0.2.2", "no prefix"},
		{DTCP_NETWORK, "192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2", "no prefix"},
		{DTCP_NETWORK, "192.0.2.1 192.0.2.2 2001:db8::/129", "'2001:db8::/129'"},
		{DTCP_NETWORK, "192.0.2.1 192.0.2.2 10.0.0.0/8", "'10.0.0.0/8'"},
		{DTCP_NETWORK, "192.0.2.1 192.0.2.2 pong 2001:db8::/32", "'pong'"},
		{DTCP_NETWORK, "192.0.2.1 192.0.2.2 /48", "'/48'"},
		{DTCP_HOST, "192.0.2.1 192.0.2.2", "lacks link addresses"},
		{DTCP_HOST, "192.0.2.1 192.0.2.2 2001:db8::1", "lacks link addresses"},
		{DTCP_HOST, "192.0.2.1 192.0.2.2 2001:db8::1 here", "'here'"},
		{DTCP_HOST, "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", "'192.0.2.3'"},
		{DTCP_HOST, "192.0.2.1 192.0.2.2 2001:db8::/32", "lacks link addresses"},
		{DTCP_TUNNELONLY, "", "client address"},
		{DTCP_TUNNELONLY, "192.0.2.1", "server address"},
		{DTCP_TUNNELONLY, "pong", "'pong'"},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_FOR(bad[i].rest, !read_offer(bad[i].type, bad[i].rest));
		CHECK_HAS(why, bad[i].says);
	}
}

static const struct unit_case cases[] = {
	{"+OK and -ERR, with and without text", answers},
	{"other services' greetings are no DTCP", no_answers},
	{"a greeting's challenge is its first word", greetings},
	{"the challenge's letter case", letter_case},
	{"only a failed authentication is tried in the other case", authentication},
	{"the command of every type, in both letter cases", command},
	{"a user as long as an account file allows fits a command", long_user},
	{"network: both ends and a prefix with leading zeros", network},
	{"network: several prefixes", several_prefixes},
	{"network: as many prefixes as a line can hold", most_prefixes},
	{"network: link addresses before the prefix are ignored", links_before},
	{"words after an offer are counted and ignored", words_after},
	{"host: both link addresses, and others ignored", host},
	{"tunnelonly: both ends alone", tunnelonly},
	{"an offer starts clean, and leaves the near end alone", starts_clean},
	{"every malformed offer is refused and quoted", malformed},
};
UNIT_MAIN(cases)
