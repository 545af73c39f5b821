/* SPDX-License-Identifier: ISC */
/* The account file, and what is built for an account that it allows. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "account/account_file.h"
#include "protocol/dtcp.h"
#include "fuzz.h"
#include "protocol/offer.h"
#include "common/tunnel.h"
#include "account/account_line.h"
#include "account/account_words.h"
#include "protocol/plan.h"

static bool name_ok(const char *name, const char *also_bad)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] <= 0x20 || name[i] == 0x7f || strchr(also_bad, name[i]))
			return false;
	return len >= 1 && len <= 15;
}

/* Each word is within its bounds: what is printed of it would be read again. */
static void check_words(const struct account *a)
{
	char line[ACCOUNT_LINE_MAX + 1], value[ACCOUNT_VALUE_MAX], why[ACCOUNT_WHY_MAX];
	const struct account_word *w;

	MUST(a->port >= 1);
	MUST(a->type == DTCP_NETWORK || a->settings.n_lans == 0);
	for (unsigned i = 0; (w = account_word(i)) != NULL; i++) {
		struct account *again;
		int len;

		if (!account_word_value(a, w, value) || strpbrk(value, "\"\\ \t\r"))
			continue;
		len = snprintf(line, sizeof line, "s 1 u p \"%s=%s\"", w->name, value);
		if (len > ACCOUNT_LINE_MAX)
			continue;
		MUST(account_line_parse(line, (size_t)len, &again, why) == 1);
		account_free(again);
	}
}

static void check_names(const struct account *a)
{
	char command[DTCP_COMMAND_MAX];

	MUST(*a->server && *a->user && *a->password);
	MUST(strlen(a->user) <= ACCOUNT_LINE_MAX && !strpbrk(a->user, " \t\r\n"));
	MUST(dtcp_command(command, a->user, (const unsigned char *)"0123456789abcdef", true,
			  a->type) > 0);
	MUST(strchr(command, '\r') == command + strlen(command) - 2);
	MUST(name_ok(a->interface, "/:#\"'\\") && strcmp(a->interface, "sit0") != 0);
	MUST(!*a->link || name_ok(a->link, "/:"));
	for (unsigned i = 0; i < a->settings.n_lans; i++)
		MUST(name_ok(a->settings.lans[i].name, "/:#\"'\\"));
	MUST(!a->script || a->script[0] == '/');
}

static void check_tunnel(const struct account *a)
{
	struct offer o = {.type = a->type, .n_prefixes = a->type == DTCP_NETWORK};
	struct tunnel t;

	o.remote.s_addr = htonl(0xc0000201);
	inet_pton(AF_INET6, "2001:db8::", &o.prefixes[0].addr);
	o.prefixes[0].len = 48;
	inet_pton(AF_INET6, "2001:db8::6", &o.near6);
	inet_pton(AF_INET6, "2001:db8::5", &o.peer6);
	plan_tunnel(&t, a->interface, &a->settings, &o, &(struct tunnel_link){"wan", 2, 1500});
	for (unsigned i = 0; i < t.n_lans; i++)
		t.lans[i].state = LAN_OURS;
	fuzz_allowed_tunnel(&t, a, &o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char interface[IF_NAMESIZE] = "";
	struct account *list;
	unsigned line = 0;

	fuzz_log();
	list = account_file_parse("file", (const char *)data, size);
	for (struct account *a = list; a; a = a->next) {
		MUST(a->line > line);
		line = a->line;
		check_words(a);
		check_names(a);
		MUST(account_equal(a, a));
		if (a->build)
			check_tunnel(a);
	}
	list = account_file_select(list, NULL, "ppp0", interface);
	for (struct account *a = list; a; a = a->next) {
		MUST(strcmp(a->interface, interface) == 0);
		account_forget_password(a);
		MUST(!*a->password);
	}
	account_free(list);
	return 0;
}
