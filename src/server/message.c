/* SPDX-License-Identifier: ISC */
#include "server/message.h"

#include <string.h>

/* What each kind holds, and who sends it. */
static const struct {
	bool from[4];	 /* by enum message_from */
	bool user;	 /* names one */
	bool ends;	 /* names both ends of a tunnel */
	bool type;
	uint8_t upper;	 /* the highest one */
	uint32_t codes; /* the highest code */
} kinds[] = {
	[MESSAGE_OPEN] = {.from = {[FROM_FRONT] = true}, .ends = true},
	[MESSAGE_LOGIN] = {.from = {[FROM_FRONT] = true},
			   .type = true,
			   .upper = 1,
			   .codes = LOGIN_MOST},
	[MESSAGE_PINGED] = {.from = {[FROM_FRONT] = true, [FROM_AUTH_TO_ROOT] = true},
			    .codes = PINGED_MOST_S},
	[MESSAGE_CLOSE] = {.from = {[FROM_FRONT] = true}},
	[MESSAGE_CHALLENGE] = {.from = {[FROM_AUTH_TO_FRONT] = true}},
	[MESSAGE_REFUSED] = {.from = {[FROM_AUTH_TO_FRONT] = true}, .codes = END_MOST},
	[MESSAGE_RESULT] = {.from = {[FROM_AUTH_TO_FRONT] = true, [FROM_ROOT] = true},
			    .codes = RESULT_MOST},
	[MESSAGE_END] = {.from = {[FROM_AUTH_TO_FRONT] = true, [FROM_ROOT] = true},
			 .codes = END_MOST},
	[MESSAGE_GONE] = {.from = {[FROM_AUTH_TO_FRONT] = true, [FROM_ROOT] = true}},
	[MESSAGE_WANT] = {.from = {[FROM_AUTH_TO_ROOT] = true},
			  .user = true,
			  .ends = true,
			  .type = true},
	[MESSAGE_LEFT] = {.from = {[FROM_AUTH_TO_ROOT] = true}, .codes = LEFT_MOST},
	[MESSAGE_USER] = {.from = {[FROM_ROOT] = true}, .user = true},
	[MESSAGE_USERS_END] = {.from = {[FROM_ROOT] = true}},
	[MESSAGE_IDLE] = {.from = {[FROM_AUTH_TO_FRONT] = true, [FROM_ROOT] = true},
			  .codes = CONFIG_IDLE_MAX},
	[MESSAGE_READY] = {.from = {[FROM_FRONT] = true, [FROM_AUTH_TO_ROOT] = true}},
};

static bool printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

/* Texts end within their room, and go into lines of DTCP and of the log. */
static bool texts_ok(const struct message *m)
{
	return memchr(m->name, '\0', sizeof m->name) && memchr(m->text, '\0', sizeof m->text) &&
	       (m->kind == MESSAGE_USER || (printable(m->name) && printable(m->text)));
}

bool message_ok(const struct message *m, enum message_from from, uint32_t slots)
{
	if (m->kind >= sizeof kinds / sizeof kinds[0] || !kinds[m->kind].from[from])
		return false;
	if (m->slot >= slots)
		return false;
	if (kinds[m->kind].user && m->user == 0)
		return false;
	if (kinds[m->kind].ends && (m->client.s_addr == 0 || m->server.s_addr == 0))
		return false;
	if (kinds[m->kind].type && m->type > DTCP_TUNNELONLY)
		return false;
	return m->code <= kinds[m->kind].codes && m->upper <= kinds[m->kind].upper && texts_ok(m);
}
