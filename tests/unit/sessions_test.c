/* SPDX-License-Identifier: ISC */
#include "server/sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct config config;
static struct sessions t;

static bool name_free(void *arg, const char *name)
{
	return !arg || strcmp(arg, name) != 0;
}

static void start(uint32_t most, const char *users)
{
	CHECK(config_parse(&config, "f", users, strlen(users)));
	CHECK(sessions_init(&t, most));
}

static void end(void)
{
	config_free(&config);
	free(t.list);
}

static struct login login_named(uint32_t user, uint32_t slot, const char *client,
				enum dtcp_type type, void *taken)
{
	const struct login_how how = {&config, name_free, taken, 1500, 100, 50};
	struct message m;

	memset(&m, 0, sizeof m);
	m.kind = MESSAGE_WANT;
	m.user = user;
	m.slot = slot;
	m.generation = 1;
	m.type = (uint32_t)type;
	m.client = unit_ipv4(client);
	m.server = unit_ipv4("198.51.100.1");
	return sessions_login(&t, &m, &how);
}

static struct login login(uint32_t user, uint32_t slot, const char *client)
{
	return login_named(user, slot, client, DTCP_NETWORK, NULL);
}

/* It is in the kernel as wanted. */
static void build(struct session *s)
{
	s->now = s->want;
	s->exists = s->ready = s->answered = true;
}

static const char two[] = "user a x prefix=2001:db8:1::/48 tunnelonly=yes\n"
			  "user b x prefix=2001:db8:2::/48\n"
			  "user c x prefix=2001:db8:3::/48 interface=joe mtu=1300 ttl=9\n";

static void first(void)
{
	struct login l;

	start(8, two);
	l = login(1, 5, "203.0.113.1");
	CHECK_INT(l.result, RESULT_OK);
	CHECK(!l.displaced && !l.gone);
	CHECK_STR(l.session->want.name, "dtcp0");
	CHECK_INT(l.session->want.mtu, 1480);
	CHECK_INT(l.session->want.n_prefixes, 1);
	CHECK_INT(sessions_step(l.session), STEP_ADD);
	build(l.session);
	CHECK_INT(sessions_step(l.session), STEP_NONE);
	CHECK(sessions_held_by(&t, (struct holder){5, 1}) == l.session);
	CHECK(sessions_held_by(&t, (struct holder){5, 2}) == NULL);
	l = login_named(2, 6, "203.0.113.2", DTCP_NETWORK, (char[]){"dtcp1"});
	CHECK_STR(l.session->want.name, "dtcp2");
	l = login(3, 7, "203.0.113.3");
	CHECK_STR(l.session->want.name, "joe");
	CHECK_INT(l.session->want.mtu, 1300);
	CHECK_INT(l.session->want.ttl, 9);
	end();
}

static void again(void)
{
	struct login l;
	struct session *s;

	start(8, two);
	s = login(1, 5, "203.0.113.1").session;
	build(s);
	l = login(1, 6, "203.0.113.1");
	CHECK(l.session == s && l.displaced);
	CHECK_INT(l.old.slot, 5);
	CHECK_INT(sessions_step(s), STEP_NONE); /* handed over as it is */
	CHECK(!s->answered);
	l = login(1, 7, "203.0.113.9");
	CHECK(l.displaced);
	CHECK_INT(sessions_step(s), STEP_MOVE);
	s->tries = 1; /* it could not be moved */
	CHECK_INT(sessions_step(s), STEP_REMOVE);
	build(s);
	l = login_named(1, 8, "203.0.113.9", DTCP_TUNNELONLY, NULL);
	CHECK(l.displaced);
	CHECK_INT(sessions_step(s), STEP_REMOVE); /* and built anew */
	end();
}

/* A name that was anybody's, and is one user's by another file. */
static void reserved(void)
{
	static const char later[] = "user a x prefix=2001:db8:1::/48\n"
				    "user b x prefix=2001:db8:2::/48 interface=dtcp0\n";
	struct session *s;

	start(8, two);
	s = login(1, 5, "203.0.113.1").session;
	build(s);
	config_free(&config);
	CHECK(config_parse(&config, "f", later, strlen(later)));
	CHECK_STR(s->want.name, "dtcp0"); /* and notices nothing */
	CHECK_STR(login(2, 6, "203.0.113.2").session->want.name, "dtcp0");
	CHECK(login(1, 7, "203.0.113.1").session == s);
	CHECK_STR(s->want.name, "dtcp1");
	CHECK_INT(sessions_step(s), STEP_REMOVE);
	end();
}

static void refused(void)
{
	struct login l;

	start(2, two);
	CHECK_INT(login_named(1, 5, "203.0.113.1", DTCP_HOST, NULL).result, RESULT_UNSUPPORTED);
	CHECK_INT(login(9, 5, "203.0.113.1").result, RESULT_FAILED);
	build(login(1, 5, "203.0.113.1").session);
	CHECK_INT(login(2, 6, "203.0.113.1").result, RESULT_TAKEN);
	build(login(2, 6, "203.0.113.2").session);
	CHECK_INT(login(3, 7, "203.0.113.3").result, RESULT_FULL);
	/* The older session of the user is there all the while, and may be taken over. */
	CHECK_INT(login(1, 8, "203.0.113.2").result, RESULT_TAKEN);
	CHECK(sessions_held_by(&t, (struct holder){5, 1}) != NULL);
	l = login(1, 8, "203.0.113.4");
	CHECK_INT(l.result, RESULT_OK);
	/* What is on its way out takes nobody's place, and blocks no address. */
	sessions_leave(sessions_held_by(&t, (struct holder){6, 1}), true);
	CHECK_INT(login(3, 7, "203.0.113.2").result, RESULT_OK);
	/* But it cannot come back where there are enough. */
	CHECK_INT(login(2, 9, "203.0.113.5").result, RESULT_FULL);
	end();
}

static void leaving(void)
{
	struct session *s;
	struct login l;

	start(8, two);
	s = login(1, 5, "203.0.113.1").session;
	sessions_leave(s, true);
	CHECK_INT(sessions_step(s), STEP_FREE); /* nothing was built */
	s = login(1, 5, "203.0.113.1").session;
	build(s);
	sessions_leave(s, true);
	CHECK_INT(sessions_step(s), STEP_REMOVE);
	l = login(1, 6, "203.0.113.1");
	CHECK(l.gone && !l.displaced);
	CHECK_INT(l.leaver.slot, 5);
	CHECK_INT(sessions_step(s), STEP_NONE);
	s->ready = false;
	CHECK_INT(sessions_step(s), STEP_REPAIR);
	s->failed = true;
	CHECK_INT(sessions_step(s), STEP_NONE);
	/* Who says quit when the session was ended already waits for the tunnel all the same. */
	CHECK(!sessions_owe(&t, (struct holder){6, 1}));
	sessions_leave(s, false);
	CHECK(!sessions_owe(&t, (struct holder){5, 1}));
	CHECK(sessions_owe(&t, (struct holder){6, 1}) && s->owed);
	sessions_free(s);
	CHECK(!s->used);
	end();
}

/* Memory that nobody uses is not touched. */
static void untouched(void)
{
	size_t touched = 0;

	start(8, two);
	for (size_t i = 0; i < t.size * sizeof *t.list; i++)
		touched += ((const char *)t.list)[i] != 0;
	CHECK_INT(touched, 0);
	end();
}

static void names(void)
{
	static char users[200000], address[32], name[32];
	size_t len = 0;

	for (int n = 0; n < 1100; n++)
		len += (size_t)snprintf(users + len, sizeof users - len,
					"user u%d x prefix=2001:db8:%x::/48%s\n", n, n + 1,
					n == 1098   ? " interface=dtcp1"
					: n == 1099 ? " interface=dtcp03"
						    : "");
	start(1100, users);
	for (unsigned n = 0; n < 1098; n++) {
		snprintf(address, sizeof address, "10.0.%u.%u", n / 256, n % 256);
		snprintf(name, sizeof name, "dtcp%u", n + (n > 0));
		if (!CHECK_FOR(name, strcmp(login(n + 1, n, address).session->want.name, name) == 0))
			break;
	}
	/* The one that is there is not free before it is gone. */
	build(&t.list[700]);
	snprintf(t.list[700].want.name, IF_NAMESIZE, "other");
	CHECK_STR(login(1099, 1099, "10.9.0.1").session->want.name, "dtcp1");
	sessions_free(&t.list[700]);
	sessions_free(&t.list[3]);
	CHECK_STR(login(4, 2000, "10.9.0.2").session->want.name, "dtcp4");
	CHECK_STR(login_named(701, 2001, "10.9.0.3", DTCP_NETWORK, (char[]){"dtcp701"}).session->want.name,
		  "dtcp1099");
	end();
}

static const struct unit_case cases[] = {
	{"a table without sessions is memory that was not written to", untouched},
	{"among a thousand the least free name is found, too", names},
	{"a login gets the least free name, or the user's", first},
	{"a second login of a user takes the tunnel over, moves it, or has it built anew", again},
	{"a name that becomes another user's is left with the next login", reserved},
	{"types, addresses of others and too many are refused", refused},
	{"a tunnel without a holder goes, unless its user comes back first", leaving},
};

UNIT_MAIN(cases)
