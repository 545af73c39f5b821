/* SPDX-License-Identifier: ISC */
/* What root hears of auth, and what it tells it. The test is auth, and the kernel. */
#include "server/logins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../server/quiet_builder.h"
#include "unit.h"

static struct config config;
static struct sessions table;
static struct channel root, auth;
static struct script_queue scripts;
static struct record_file record;
static struct logins l;
static unsigned writes;	  /* of the state file */
static int64_t soon = -1; /* within what time it is to be written; -1: not at all */

bool record_file_write(void *arg)
{
	(void)arg;
	writes++;
	return true;
}

void record_file_soon(struct record_file *r, int64_t in_ms)
{
	(void)r;
	soon = in_ms;
}

bool builder_far_end_ok(struct builder *b, struct in_addr client)
{
	(void)b;
	return client.s_addr != unit_ipv4("127.0.0.1").s_addr;
}

static void begin(void)
{
	static const char users[] = "user a secret-a prefix=2001:db8:1::/48\n"
				    "user b secret-b prefix=2001:db8:2::/48\n";
	int pair[2];

	CHECK(config_parse(&config, "f", users, strlen(users)));
	CHECK(sessions_init(&table, 2));
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	CHECK(channel_init(&root, pair[0], 8) && channel_init(&auth, pair[1], 8));
	script_queue_init(&scripts);
	l = (struct logins){&config, &table, NULL, &root, &scripts, &record};
	writes = 0;
	soon = -1;
	unit_log_clear();
}

static void end(void)
{
	config_free(&config);
	free(table.list);
	free(root.queue);
	free(auth.queue);
	close(root.fd);
	close(auth.fd);
}

static void hear(enum message_kind kind, uint32_t slot, uint32_t code)
{
	const struct message m = {.kind = kind, .slot = slot, .generation = 7, .code = code};

	logins_hear(&l, &m);
}

/* Slot wants the tunnel of this user, from this address. */
static void want(uint32_t slot, uint32_t user, const char *client)
{
	const struct message m = {.kind = MESSAGE_WANT,
				  .slot = slot,
				  .generation = 7,
				  .user = user,
				  .type = DTCP_NETWORK,
				  .client = unit_ipv4(client),
				  .server = unit_ipv4("198.51.100.1")};

	logins_hear(&l, &m);
}

/* The tunnel of the entry is built, or is gone. */
static void built(unsigned n)
{
	table.list[n].exists = table.list[n].ready = true;
	table.list[n].now = table.list[n].want;
}

static void removed(unsigned n)
{
	logins_gone(&l, &table.list[n]);
	sessions_free(&table.list[n]);
}

/* The next message that auth gets is this one. */
static struct message told(enum message_kind kind, uint32_t slot, uint32_t code)
{
	struct message m = {0};

	CHECK_INT(channel_receive(&auth, &m, FROM_ROOT, 64), 1);
	CHECK_INT(m.kind, kind);
	CHECK_INT(m.slot, slot);
	CHECK_INT(m.code, code);
	return m;
}

static void told_nothing(void)
{
	struct message m;

	CHECK_INT(channel_receive(&auth, &m, FROM_ROOT, 64), 0);
}

static void up(uint32_t slot, uint32_t user, const char *client)
{
	want(slot, user, client);
	built(user - 1);
	logins_answer(&l);
	told(MESSAGE_RESULT, slot, RESULT_OK);
	writes = 0;
	soon = -1;
	unit_log_clear();
}

static void answered(void)
{
	struct message m;

	begin();
	want(3, 1, "203.0.113.5");
	logins_answer(&l);
	told_nothing();
	CHECK_INT(writes, 0);
	built(0);
	logins_answer(&l);
	CHECK_INT(writes, 1);
	m = told(MESSAGE_RESULT, 3, RESULT_OK);
	CHECK_INT(m.generation, 7);
	CHECK_STR(m.text, "203.0.113.5 198.51.100.1 2001:db8:1::/48");
	CHECK_STR(unit_log(), "5 dtcp0: a has a tunnel to 203.0.113.5 for 2001:db8:1::/48\n");
	/* Once. */
	logins_answer(&l);
	told_nothing();
	CHECK_INT(writes, 1);
	end();
}

static void refused(void)
{
	begin();
	want(1, 1, "127.0.0.1");
	told(MESSAGE_RESULT, 1, RESULT_BROKEN);
	CHECK_HAS(unit_log(), "no tunnel can lead to 127.0.0.1");
	want(1, 9, "203.0.113.5");
	told(MESSAGE_RESULT, 1, RESULT_FAILED);
	CHECK_HAS(unit_log(), "the user is no more in the file");
	up(1, 1, "203.0.113.5");
	want(2, 2, "203.0.113.5");
	told(MESSAGE_RESULT, 2, RESULT_TAKEN);
	CHECK_HAS(unit_log(), "203.0.113.5: a login as 'b' is refused: another user's tunnel leads");
	table.most = 1;
	want(2, 2, "203.0.113.6");
	told(MESSAGE_RESULT, 2, RESULT_FULL);
	CHECK_HAS(unit_log(), "there are as many sessions as there may be");
	CHECK(!table.list[1].used);
	end();
}

static void displaced(void)
{
	begin();
	quiet_bytes = 1000;
	up(1, 1, "203.0.113.5");
	quiet_bytes = 1007;
	want(2, 1, "203.0.113.6");
	told(MESSAGE_END, 1, END_DISPLACED);
	told_nothing();
	CHECK_HAS(unit_log(),
		  "the session of a from 203.0.113.5 for 2001:db8:1::/48 is over (a newer login)");
	CHECK_HAS(unit_log(), " 7 bytes in, 14 bytes out");
	built(0);
	logins_answer(&l);
	told(MESSAGE_RESULT, 2, RESULT_OK);
	/* The tunnel has been handed over, with what it has counted. */
	quiet_bytes = 1010;
	hear(MESSAGE_LEFT, 2, LEFT_ENDED);
	CHECK_HAS(unit_log(), " 3 bytes in, 6 bytes out");
	quiet_bytes = 0;
	end();
}

static void left(void)
{
	begin();
	hear(MESSAGE_LEFT, 5, LEFT_ENDED);
	told(MESSAGE_GONE, 5, 0);
	CHECK_INT(soon, -1);
	up(1, 1, "203.0.113.5");
	hear(MESSAGE_LEFT, 1, LEFT_CHANGED);
	told_nothing(); /* before the tunnel is gone */
	CHECK_INT(soon, 0);
	CHECK_HAS(unit_log(), "is over (the password was changed)");
	removed(0);
	told(MESSAGE_GONE, 1, 0);
	/* Who comes back before that hears it at once, and the tunnel stays. */
	up(1, 1, "203.0.113.5");
	hear(MESSAGE_LEFT, 1, LEFT_ENDED);
	want(2, 1, "203.0.113.5");
	told(MESSAGE_GONE, 1, 0);
	end();
}

/* The tunnel of the first session fails: auth is told this, and nobody has it any more. */
static void fails(enum message_kind kind, uint32_t code)
{
	table.list[0].failed = true;
	logins_answer(&l);
	told(kind, 1, code);
	CHECK(!table.list[0].held);
}

static void failed(void)
{
	begin();
	want(1, 1, "203.0.113.5");
	fails(MESSAGE_RESULT, RESULT_BROKEN);
	removed(0);
	told_nothing();
	up(1, 1, "203.0.113.5");
	fails(MESSAGE_END, END_LOST);
	CHECK_INT(soon, 0);
	CHECK_HAS(unit_log(), "is over (the tunnel could not be kept up)");
	end();
}

static void pinged(void)
{
	int64_t ago;

	begin();
	hear(MESSAGE_PINGED, 5, 0); /* a session that is over */
	CHECK_INT(soon, -1);
	up(1, 1, "203.0.113.5");
	hear(MESSAGE_PINGED, 1, 100);
	CHECK_INT(soon, 10);
	ago = time(NULL) - table.list[0].pinged;
	CHECK(ago >= 100 && ago < 1000);
	told_nothing();
	end();
	/* The more there are the later, up to a second. */
	begin();
	free(table.list);
	CHECK(sessions_init(&table, 2000));
	for (unsigned i = 0; i < 2000; i++) {
		table.list[i] = (struct session){.used = true, .held = true, .holder = {i, 7}};
		if (i == 499 || i == 1999) {
			hear(MESSAGE_PINGED, 1, 0);
			CHECK_INT(soon, i == 499 ? 500 : 1000);
		}
	}
	end();
}

static void users(void)
{
	struct message m;

	begin();
	CHECK(logins_tell_users(&l));
	m = told(MESSAGE_USER, 0, 0);
	CHECK_INT(m.user, 1);
	CHECK_STR(m.name, "a");
	CHECK_STR(m.text, "secret-a");
	m = told(MESSAGE_USER, 0, 0);
	CHECK_STR(m.text, "secret-b");
	m = told(MESSAGE_USERS_END, 0, 0);
	CHECK_STR(m.text, "");
	CHECK_STR(config.users->password, "");
	CHECK_STR(config.users->next->password, "");
	config.idle = 300;
	logins_tell_idle(&l);
	told(MESSAGE_IDLE, 0, 300);
	/* One that is not in the file any more. */
	up(1, 1, "203.0.113.5");
	up(2, 2, "203.0.113.6");
	config.users->id = 3;
	CHECK(logins_end_unknown(&l));
	told(MESSAGE_END, 1, END_CHANGED);
	told_nothing();
	CHECK(!table.list[0].held && table.list[1].held);
	CHECK_INT(soon, 0);
	end();
}

/* Many users, whose numbers are in no order, and who are not all in the file. */
static void unknown(void)
{
	enum { MANY = 61 };
	char text[MANY * 16];
	size_t len = 0;
	unsigned n = 0;

	begin();
	config_free(&config);
	free(table.list);
	for (unsigned i = 0; i < MANY; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "user u%u x\n", i);
	CHECK(config_parse(&config, "f", text, len));
	CHECK(sessions_init(&table, MANY));
	for (struct config_user *u = config.users; u; u = u->next, n++)
		u->id = 1 + n * 17 % MANY + (n % 5 == 0 ? MANY : 0);
	for (unsigned i = 0; i < MANY; i++)
		table.list[i] = (struct session){
			.used = true, .held = true, .holder = {i, 7}, .user = 1 + i};
	CHECK(logins_end_unknown(&l));
	for (unsigned i = 0; i < MANY; i++) {
		bool there = config_user(&config, 1 + i);

		CHECK_INT(table.list[i].held, there);
		if (!there)
			told(MESSAGE_END, i, END_CHANGED);
	}
	told_nothing();
	end();
}

static void all(void)
{
	begin();
	up(1, 1, "203.0.113.5");
	up(2, 2, "203.0.113.6");
	logins_end_all(&l);
	told_nothing();
	CHECK(!table.list[0].held && !table.list[1].held);
	CHECK_HAS(unit_log(),
		  "the session of a from 203.0.113.5 for 2001:db8:1::/48 is over (dtcpd ends)");
	CHECK_HAS(unit_log(),
		  "the session of b from 203.0.113.6 for 2001:db8:2::/48 is over (dtcpd ends)");
	end();
}

static const struct unit_case cases[] = {
	{"a login is answered when the tunnel is there, and in the state file", answered},
	{"what is refused is told, and logged", refused},
	{"a newer login of the user ends the older one's session", displaced},
	{"who has left is told when the tunnel is gone", left},
	{"what cannot be built or kept up is told", failed},
	{"a keepalive is written a little later", pinged},
	{"auth gets users and passwords, which root forgets", users},
	{"the sessions of all who are no more in the file end, and of nobody else", unknown},
	{"at the end all sessions are over, and auth is told of none", all},
};

UNIT_MAIN(cases)
