/* SPDX-License-Identifier: ISC */
#include "account/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"

static bool safe_file(const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode)) {
		log_msg(LOG_ERR, "%s: is not a regular file", path);
		return false;
	}
	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		log_msg(LOG_ERR,
			"%s: belongs to user %u, not to root or the caller: "
			"chown root %s",
			path, st->st_uid, path);
		return false;
	}
	if (st->st_mode & 077) {
		log_msg(LOG_ERR, "%s: mode %03o lets others at the passwords: chmod 600 %s", path,
			st->st_mode & 0777, path);
		return false;
	}
	if (st->st_size > CONF_FILE_MAX) {
		log_msg(LOG_ERR, "%s: has %lld bytes, more than %d", path, (long long)st->st_size,
			CONF_FILE_MAX);
		return false;
	}
	return true;
}

/* Reads to the end or to size bytes, whatever the size was at open. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static bool read_open_file(int fd, const char *path, size_t size, conf_line_fn *fn, void *arg)
{
	char *text = malloc(size + 1);
	ssize_t len = text ? read_all(fd, text, size + 1) : -1;
	bool ok = false;

	if (len < 0)
		log_msg(LOG_ERR, "%s: cannot be read: %m", path);
	else if ((size_t)len != size)
		log_msg(LOG_ERR, "%s: was written to while it was read", path);
	else
		ok = conf_text_each(path, text, size, fn, arg);
	if (text)
		explicit_bzero(text, size + 1);
	free(text);
	return ok;
}

bool conf_file_read(const char *path, const char *manual, conf_line_fn *fn, void *arg)
{
	struct stat st;
	bool ok;
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0) {
		log_msg(LOG_ERR,
			errno == ENOENT ? "%s: cannot be opened: %m (man %s says what goes there)"
					: "%s: cannot be opened: %m",
			path, manual);
		if (fd >= 0)
			close(fd);
		return false;
	}
	ok = safe_file(path, &st) && read_open_file(fd, path, (size_t)st.st_size, fn, arg);
	close(fd);
	return ok;
}

/* Some editors begin a file in UTF-8 with a byte order mark. */
static size_t skip_bom(const char *text, size_t len)
{
	static const char bom[] = {'\xef', '\xbb', '\xbf'};

	return len >= sizeof bom && memcmp(text, bom, sizeof bom) == 0 ? sizeof bom : 0;
}

bool conf_text_each(const char *path, const char *text, size_t len, conf_line_fn *fn, void *arg)
{
	char why[CONF_WHY_MAX];
	unsigned number = 0;

	for (size_t at = skip_bom(text, len); at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;

		number++;
		if (!fn(arg, number, text + at, n, why)) {
			log_msg(LOG_ERR, "%s:%u: %s", path, number, why);
			return false;
		}
		at += n + 1;
	}
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

int conf_line_ok(const char *line, size_t *len, char why[CONF_WHY_MAX])
{
	size_t skip = 0;

	if (*len > 0 && line[*len - 1] == '\r')
		--*len;
	if (*len > CONF_LINE_MAX) {
		snprintf(why, CONF_WHY_MAX, "the line has %zu bytes, more than %d", *len,
			 CONF_LINE_MAX);
		return -1;
	}
	if (memchr(line, '\0', *len)) {
		snprintf(why, CONF_WHY_MAX, "the line holds a NUL byte");
		return -1;
	}
	while (skip < *len && is_blank(line[skip]))
		skip++;
	return skip < *len && line[skip] != '#';
}

/* Takes a quoted field whose opening quote is at *in. A backslash before anything
 * else than a quote or a backslash is an ordinary character. */
static bool take_quoted(char **in, char **field, char *why)
{
	char *r = *in + 1, *w = r;

	*field = w;
	while (*r && *r != '"') {
		if (*r == '\\' && (r[1] == '"' || r[1] == '\\'))
			r++;
		*w++ = *r++;
	}
	if (*r != '"') {
		snprintf(why, CONF_WHY_MAX, "a quoted field has no closing quote");
		return false;
	}
	r++;
	if (*r && !is_blank(*r)) {
		snprintf(why, CONF_WHY_MAX,
			 "a closing quote is followed by something other than a blank");
		return false;
	}
	*in = *r ? r + 1 : r;
	*w = '\0';
	return true;
}

bool conf_field(char **in, char **field, bool *quoted, char why[CONF_WHY_MAX])
{
	char *p = *in;

	while (is_blank(*p))
		p++;
	*in = p;
	*field = NULL;
	*quoted = *p == '"';
	if (!*p)
		return true;
	if (*quoted)
		return take_quoted(in, field, why);
	*field = p;
	while (*p && !is_blank(*p))
		p++;
	*in = *p ? p + 1 : p;
	*p = '\0';
	return true;
}

bool conf_has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

bool conf_takes(char why[CONF_WHY_MAX], const char *what, const char *value, const char *takes)
{
	char shown[96];

	text_escape(shown, sizeof shown, value, strlen(value));
	snprintf(why, CONF_WHY_MAX, "'%s': %s takes %s", shown, what, takes);
	return false;
}

void conf_print_field(const char *field)
{
	bool quote = strpbrk(field, " \t") || *field == '"' || *field == '#';
	char shown[8];

	if (quote)
		putchar('"');
	for (; *field; field++) {
		if (quote && (*field == '"' || *field == '\\'))
			putchar('\\');
		fputs(text_escape(shown, sizeof shown, field, 1), stdout);
	}
	if (quote)
		putchar('"');
}
