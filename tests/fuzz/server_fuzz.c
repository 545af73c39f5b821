/* SPDX-License-Identifier: ISC */
/* What dtcpd reads: its file, what clients say, its state file, and the messages of its
 * roles. The first byte says which. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "fuzz.h"
#include "server/client_line.h"
#include "server/config.h"
#include "server/far.h"
#include "server/message.h"
#include "server/record.h"
#include "server/user_line.h"

/* What is printed of a user is read again as the same. */
static void check_user(const struct config_user *u)
{
	char words[USER_LINE_WORDS_MAX], again[USER_LINE_WORDS_MAX], line[USER_LINE_WORDS_MAX + 16];
	struct config c;

	MUST(*u->name && strlen(u->name) <= CONFIG_NAME_MAX && !strpbrk(u->name, " \t\r\n"));
	MUST(*u->password && strlen(u->password) <= CONFIG_PASSWORD_MAX);
	MUST(u->ttl >= 1 && (u->mtu == 0 || (u->mtu >= 1280 && u->mtu <= 65515)));
	MUST(!*u->interface || text_is_tunnel_name(u->interface));
	for (unsigned i = 0; i < u->n_prefixes; i++) {
		struct prefix p = u->prefixes[i];

		MUST(p.len >= 32 && p.len <= 64 && prefix_routable(&p.addr) && !prefix_mask(&p));
	}
	user_line_words(u, words);
	if (strlen(words) > CONF_LINE_MAX - 16)
		return;
	snprintf(line, sizeof line, "user u p%s\n", words);
	MUST(config_parse(&c, "f", line, strlen(line)));
	MUST(strcmp(user_line_words(c.users, again), words) == 0);
	config_free(&c);
}

/* Lines for ip(8) and tc(8) are one line each, of harmless characters. */
static void check_far(const struct config_user *u)
{
	for (int type = DTCP_NETWORK; type <= DTCP_TUNNELONLY; type++) {
		struct in_addr a = {htonl(0xc0000201)};
		struct far_lines l = {0};
		char offer[MESSAGE_TEXT_MAX + 1];
		struct far f;

		if (!config_serves(u, (enum dtcp_type)type))
			continue;
		far_plan(&f, u, (enum dtcp_type)type, *u->interface ? u->interface : "dtcp0", a, a,
			 1500);
		far_add(&l, &f);
		far_filter(&l, &f);
		far_configure(&l, &f);
		far_move(&l, &f);
		far_remove(&l, f.name);
		MUST(!l.failed && strlen(l.text) == l.len);
		MUST(strspn(l.text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789 .:/_-\n") == l.len);
		far_offer(&f, offer, sizeof offer);
		/* With "+OK " and CRLF it is a line that clients take. */
		MUST(strlen(offer) + 4 <= LINE_MAX_BYTES);
		free(l.text);
	}
}

static void file(const char *text, size_t size)
{
	struct config c, old;

	if (!config_parse(&c, "file", text, size))
		return;
	MUST(c.n_listen >= 1 && c.idle >= 1 && c.sessions >= 1 && c.n_users >= 1);
	for (const struct config_user *u = c.users; u; u = u->next) {
		check_user(u);
		check_far(u);
	}
	MUST(config_parse(&old, "file", text, size));
	MUST(config_renumber(&c, &old));
	for (const struct config_user *u = c.users; u; u = u->next)
		MUST(config_user(&old, u->id) &&
		     strcmp(config_user(&old, u->id)->name, u->name) == 0);
	config_forget_passwords(&c);
	for (const struct config_user *u = c.users; u; u = u->next)
		MUST(!*u->password);
	config_free(&c);
	config_free(&old);
}

static void one_line(const char *line)
{
	char shown[LINE_MAX_BYTES + 1], answer[ANSWER_MAX];
	struct client_command c;

	client_command(line, &c);
	client_line_shown(line, shown);
	MUST(strlen(c.name) <= CONFIG_NAME_MAX && !strchr(c.name, ' '));
	MUST(c.kind == COMMAND_TUNNEL || (!c.well_formed && !c.name[0]));
	MUST(!c.well_formed || c.name[0]);
	for (int result = 0; result <= RESULT_MOST; result++) {
		answer_login(answer, (enum message_result)result, line, c.type_word);
		MUST(strcmp(answer + strlen(answer) - 2, "\r\n") == 0);
		MUST(strchr(answer, '\n') == answer + strlen(answer) - 1);
	}
}

/* In pieces as they may come. */
static void client(const uint8_t *data, size_t size)
{
	struct line l = {0};
	const char *text;

	while (size > 0) {
		size_t room, n = 1 + data[0] % 64;
		char *to = line_room(&l, &room);
		enum line_status status;

		MUST(room > 0);
		n = n < room ? n : room;
		n = n < size ? n : size;
		memcpy(to, data, n);
		line_added(&l, n);
		data += n;
		size -= n;
		while ((status = line_next(&l, &text)) == LINE_READY)
			one_line(text);
		if (status != LINE_NONE)
			return;
	}
}

static void state(const char *data, size_t size)
{
	char *line = strndup(data, size);
	struct record_line r;

	if (line && record_parse(line, &r) == RECORD_TUNNEL)
		MUST(text_is_tunnel_name(r.tunnel.interface));
	free(line);
}

static void message(const uint8_t *data, size_t size)
{
	struct message m;

	memset(&m, 0, sizeof m);
	memcpy(&m, data, size < sizeof m ? size : sizeof m);
	for (int from = FROM_FRONT; from <= FROM_ROOT; from++) {
		if (!message_ok(&m, (enum message_from)from, 8))
			continue;
		MUST(strlen(m.name) < sizeof m.name && strlen(m.text) < sizeof m.text);
		MUST(m.kind == MESSAGE_USER || !strpbrk(m.text, "\r\n"));
		MUST(m.kind >= MESSAGE_USER || m.slot < 8);
		MUST(m.kind != MESSAGE_WANT ||
		     (m.type <= DTCP_TUNNELONLY && m.user && m.client.s_addr));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_log();
	if (size == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		file((const char *)data + 1, size - 1);
		break;
	case 1:
		client(data + 1, size - 1);
		break;
	case 2:
		state((const char *)data + 1, size - 1);
		break;
	default:
		message(data + 1, size - 1);
		break;
	}
	return 0;
}
