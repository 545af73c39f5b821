/* SPDX-License-Identifier: ISC */
#include "common/privs.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"

bool privs_enough(bool raw, const char **missing)
{
	static const struct {
		int cap;
		const char *name;
	} needed[] = {
		{CAP_NET_ADMIN, "CAP_NET_ADMIN"},
		{CAP_NET_RAW, "CAP_NET_RAW"},
		{CAP_SETUID, "CAP_SETUID"},
		{CAP_SETGID, "CAP_SETGID"},
	};
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	memset(data, 0, sizeof data);
	*missing = "root";
	if (geteuid() != 0)
		return false;
	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	for (unsigned i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		if (needed[i].cap == CAP_NET_RAW && !raw)
			continue;
		*missing = needed[i].name;
		if (!(data[needed[i].cap / 32].effective & 1u << needed[i].cap % 32))
			return false;
	}
	return true;
}

void privs_no_dump(void)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* The numbers in a line of /etc/passwd, when it is that of the user name. */
static bool passwd_line(const char *line, const char *name, struct privs_user *user)
{
	size_t len = strlen(name);
	const char *numbers;
	uid_t uid;
	gid_t gid;

	if (strncmp(line, name, len) != 0 || line[len] != ':')
		return false;
	numbers = strchr(line + len + 1, ':'); /* after the password */
	if (!numbers || sscanf(numbers, ":%u:%u:", &uid, &gid) != 2)
		return false;
	*user = (struct privs_user){uid, gid};
	return true;
}

/* /etc/passwd alone is read: the name service would load modules that stay in memory, and may
 * ask the network before there is one. It is read by fgets(3), since fgetpwent(3) makes a
 * system call for each line. */
bool privs_find_user(const char *name, struct privs_user *user)
{
	FILE *f = fopen("/etc/passwd", "re");
	bool found = false, own = false;
	char line[1024];

	while (f && !own && fgets(line, sizeof line, f)) {
		own = passwd_line(line, name, user);
		found = own || found || passwd_line(line, "nobody", user);
	}
	if (f)
		fclose(f);
	if (!found || user->uid == 0 || user->gid == 0) {
		log_msg(LOG_ERR, "/etc/passwd has no unprivileged user %s or nobody to "
				 "become", name);
		return false;
	}
	return true;
}

static bool failed(const char *what)
{
	log_msg(LOG_ERR, "privileges cannot be dropped: %s: %m", what);
	return false;
}

static bool change_user(uid_t uid, gid_t gid)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	errno = EINVAL;
	if (uid == 0 || gid == 0)
		return failed("no user to become");
	if (setgroups(0, NULL) < 0)
		return failed("setgroups");
	if (setresgid(gid, gid, gid) < 0)
		return failed("setresgid");
	if (setresuid(uid, uid, uid) < 0)
		return failed("setresuid");
	errno = EPERM;
	if (getresuid(&ruid, &euid, &suid) < 0 || ruid != uid || euid != uid || suid != uid)
		return failed("getresuid");
	if (getresgid(&rgid, &egid, &sgid) < 0 || rgid != gid || egid != gid || sgid != gid)
		return failed("getresgid");
	if (getgroups(0, NULL) != 0)
		return failed("getgroups");
	if (setuid(0) == 0 || seteuid(0) == 0)
		return failed("root came back");
	return true;
}

bool privs_drop(const struct privs_user *user)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2], now[2];

	memset(none, 0, sizeof none);
	memset(now, 0xff, sizeof now); /* so that what the kernel does not write counts as a
				        * capability that is left */
	if (geteuid() == 0 && !change_user(user->uid, user->gid))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return failed("PR_SET_NO_NEW_PRIVS");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return failed("PR_CAP_AMBIENT_CLEAR_ALL");
	if (syscall(SYS_capset, &header, none) < 0)
		return failed("capset");
	if (syscall(SYS_capget, &header, now) < 0 || memcmp(now, none, sizeof none) != 0)
		return failed("capget");
	privs_no_dump();
	return true;
}

void privs_close_from(int first)
{
	long limit;

	/* close_range(2) by its number: not every C library has it, nor every
	 * kernel (5.9) that a router runs. */
#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0)
		return;
#endif
	limit = sysconf(_SC_OPEN_MAX);
	for (int fd = first; fd < (limit > 0 && limit < 65536 ? limit : 65536); fd++)
		close(fd);
}

int privs_only_descriptor(int fd)
{
	if (fd < 3) {
		int high = fcntl(fd, F_DUPFD, 3);

		if (high < 0) {
			failed("F_DUPFD");
			return -1;
		}
		fd = high;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(fd, i) < 0) {
			failed("dup2");
			return -1;
		}
	privs_close_from(3);
	return 0;
}
