/* SPDX-License-Identifier: ISC */
#include "server/client_line.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static struct client_command c;

static enum command_kind kind(const char *line)
{
	client_command(line, &c);
	return c.kind;
}

static void commands(void)
{
	CHECK_INT(kind("ping"), COMMAND_PING);
	CHECK_INT(kind("PiNg and more"), COMMAND_PING);
	CHECK_INT(kind("  quit  "), COMMAND_QUIT);
	CHECK_INT(kind("HELP"), COMMAND_HELP);
	CHECK_INT(kind(""), COMMAND_UNKNOWN);
	CHECK_INT(kind("   "), COMMAND_UNKNOWN);
	CHECK_INT(kind("pingx"), COMMAND_UNKNOWN);
	CHECK_INT(kind("tunne"), COMMAND_UNKNOWN);
}

static void logins(void)
{
	static const char lower[] = "TUNNEL foo f0e130bfddaef3a5a526f77738bc91a3 network";

	CHECK_INT(kind(lower), COMMAND_TUNNEL);
	CHECK(c.well_formed && c.type_known);
	CHECK_STR(c.name, "foo");
	CHECK_INT(c.type, DTCP_NETWORK);
	CHECK_INT(c.response[0], 0xf0);
	CHECK_INT(c.response[15], 0xa3);
	CHECK(!c.upper);
	CHECK_INT(kind("tunnel  foo  F0E130BFDDAEF3A5A526F77738BC91A3  Host  "), COMMAND_TUNNEL);
	CHECK(c.well_formed && c.type_known);
	CHECK_INT(c.type, DTCP_HOST);
	CHECK_INT(c.response[1], 0xe1);
	CHECK(c.upper);
	kind("tunnel FEED f0e130bfddaef3a5a526f77738bc91a3 HOST");
	CHECK(c.well_formed && !c.upper);
	kind("tunnel foo F0E130BFDDAEF3A5A526F77738BC91A3 TunnelRoute");
	CHECK(c.type_known);
	CHECK_INT(c.type, DTCP_NETWORK);
	kind("tunnel foo F0E130BFDDAEF3A5A526F77738BC91A3 tunnelonly");
	CHECK_INT(c.type, DTCP_TUNNELONLY);
	kind("tunnel foo F0E130BFDDAEF3A5A526F77738BC91A3 carrier-pigeon");
	CHECK(c.well_formed && !c.type_known);
	CHECK_STR(c.type_word, "carrier-pigeon");
}

static void malformed(void)
{
	static const char *const bad[] = {
		"tunnel",
		"tunnel foo",
		"tunnel foo f0e130bfddaef3a5a526f77738bc91a3",
		"tunnel foo f0e130bfddaef3a5a526f77738bc91a3 network more",
		"tunnel foo f0e130bfddaef3a5a526f77738bc91a network",
		"tunnel foo f0e130bfddaef3a5a526f77738bc91a3a network",
		"tunnel foo g0e130bfddaef3a5a526f77738bc91a3 network",
		"tunnel foo @0e130bfddaef3a5a526f77738bc91a3 network",
	};
	char line[LINE_MAX_BYTES + 1];
	size_t len;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_INT(kind(bad[i]), COMMAND_TUNNEL);
		CHECK_FOR(bad[i], !c.well_formed);
	}
	/* The longest name, and one more. */
	len = (size_t)snprintf(line, sizeof line,
			       "tunnel %0*d f0e130bfddaef3a5a526f77738bc91a3 host", CONFIG_NAME_MAX,
			       0);
	CHECK_INT(kind(line), COMMAND_TUNNEL);
	CHECK(c.well_formed);
	snprintf(line, sizeof line, "tunnel %0*d f0e130bfddaef3a5a526f77738bc91a3 host",
		 CONFIG_NAME_MAX + 1, 0);
	kind(line);
	CHECK(!c.well_formed && !c.name[0]);
	CHECK(len > CONFIG_NAME_MAX);
}

static void answers(void)
{
	char out[ANSWER_MAX];

	answer_greeting(out, "00112233445566778899aabbccddeeff");
	CHECK_STR(out, "+OK 00112233445566778899aabbccddeeff dtcpd " VERSION "\r\n");
	answer_login(out, RESULT_OK, "a b", "network");
	CHECK_STR(out, "+OK a b\r\n");
	answer_login(out, RESULT_FAILED, "", "network");
	CHECK_STR(out, "-ERR authentication failed.\r\n");
	answer_login(out, RESULT_LAST, "", "network");
	CHECK_STR(out, "-ERR authentication failed.\r\n");
	answer_login(out, RESULT_UNSUPPORTED, "", "X");
	CHECK_STR(out, "-ERR unsupported tunnel type X\r\n");
	answer_login(out, RESULT_FULL, "", "X");
	CHECK_STR(out, "-ERR tunnel interface sold out\r\n");
	for (int end = 0; end <= END_MOST; end++) {
		answer_end(out, (enum message_end)end);
		CHECK_HAS(out, "-ERR ");
		CHECK_HAS(out, ", disconnecting\r\n");
	}
	CHECK_STR(answer_pong, "+OK pong\r\n");
	CHECK_STR(answer_help, "+OK valid commands are: TUNNEL PING HELP QUIT\r\n");
	CHECK_STR(answer_quit, "+OK tunnel server quitting\r\n");
	CHECK_STR(answer_timeout, "-ERR connection timed out, disconnecting\r\n");
}

static void shown(void)
{
	char out[LINE_MAX_BYTES + 1];

	CHECK_STR(client_line_shown("tunnel foo 0123 host", out), "tunnel foo <digest> host");
	CHECK_STR(client_line_shown(" TUNNEL  foo  0123", out), " TUNNEL  foo  <digest>");
	CHECK_STR(client_line_shown("tunnel foo", out), "tunnel foo");
	CHECK_STR(client_line_shown("ping 0123", out), "ping 0123");
}

static const struct unit_case cases[] = {
	{"commands in any letter case, whatever follows them", commands},
	{"a login's words, in any letter case", logins},
	{"a login with other words is none", malformed},
	{"the answers are the known ones", answers},
	{"a response is not shown", shown},
};

UNIT_MAIN(cases)
