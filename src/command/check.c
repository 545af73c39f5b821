/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "account/account.h"
#include "account/account_file.h"
#include "account/account_words.h"
#include "account/conf.h"
#include "command/call.h"
#include "command/commands.h"
#include "command/options.h"
#include "common/jail.h"
#include "common/log.h"
#include "common/status_codes.h"
#include "kernel/interface.h"

/* The account with every default filled in, as a line of the file. */
static void print_account(const struct account *a)
{
	const struct account_word *w;

	conf_print_field(a->server);
	printf(" %u ", a->port);
	conf_print_field(a->user);
	printf(" ********");
	for (unsigned i = 0; (w = account_word(i)) != NULL; i++) {
		char value[ACCOUNT_VALUE_MAX], word[ACCOUNT_VALUE_MAX + 16];

		if (!account_word_value(a, w, value))
			continue;
		snprintf(word, sizeof word, "%s=%s", w->name, value);
		putchar(' ');
		conf_print_field(word);
	}
	putchar('\n');
}

static void check_passwords(const char *path, const struct account *list)
{
	for (; list; list = list->next) {
		const char *doubt = account_password_doubt(list);

		if (doubt)
			log_msg(LOG_WARNING, "%s:%u: the password %s", path, list->line, doubt);
	}
}

/* A name may be mistyped; or the interface comes later. */
static void check_interface(const char *path, const struct account *a, const char *word,
			    const char *name)
{
	if (name[0] && !interface_index(name))
		log_msg(LOG_NOTICE, "%s:%u: %s=%s: there is no such interface now", path, a->line,
			word, name);
}

static void check_interfaces(const char *path, const struct account *list)
{
	for (; list; list = list->next) {
		check_interface(path, list, "link", list->link);
		for (unsigned i = 0; i < list->settings.n_lans; i++)
			check_interface(path, list, "lan", list->settings.lans[i].name);
	}
}

/* A tunnel with a LAN behind it is of little use on a host that does not
 * forward; switching it on is its owner's to do. */
static void check_forwarding(const char *path, const struct account *list)
{
	int fd;
	char on = '1';

	for (; list; list = list->next)
		if (list->settings.n_lans)
			break;
	if (!list)
		return;
	fd = open("/proc/sys/net/ipv6/conf/all/forwarding", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, &on, 1) == 1 && on == '0')
		log_msg(LOG_WARNING, "%s:%u: lan= is of little use while this host does not forward "
				     "IPv6: sysctl net.ipv6.conf.all.forwarding=1", path, list->line);
	if (fd >= 0)
		close(fd);
}

/* Without a filter, only its lack of privileges keeps a session from doing harm. */
static void check_jail(void)
{
	const char *why = jail_missing();

	if (why)
		log_msg(LOG_NOTICE, "there is no filter of system calls for the session: %s", why);
}

int command_check(const struct options *o)
{
	struct account *list;
	char interface[IF_NAMESIZE];

	list = account_file_read(o->config);
	if (!list)
		return STATUS_CONFIG;
	memcpy(interface, o->interface, sizeof interface);
	if (o->server || o->link[0] || o->interface[0])
		list = account_file_select(list, o->server, o->link, interface);
	if (!list) {
		call_none(o);
		return STATUS_CONFIG;
	}
	for (struct account *a = list; a; a = a->next)
		print_account(a);
	check_passwords(o->config, list);
	check_interfaces(o->config, list);
	check_forwarding(o->config, list);
	check_jail();
	account_free(list);
	return log_stdout_done() ? STATUS_OK : STATUS_SYSTEM;
}
