/* SPDX-License-Identifier: ISC */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	unsigned sinks;
	int threshold;
	int client_threshold;
	log_client_fn *client;
	void *client_arg;
} sink = {LOG_TO_STDERR, LOG_NOTICE, LOG_DEBUG, NULL, NULL};

void log_setup(unsigned sinks, int threshold)
{
	sink.sinks = sinks;
	sink.threshold = threshold;
	if (sinks & LOG_TO_SYSLOG)
		openlog("dtcp-up", LOG_PID, LOG_DAEMON);
}

void log_set_client(log_client_fn *fn, void *arg)
{
	sink.client = fn;
	sink.client_arg = arg;
	sink.client_threshold = LOG_DEBUG;
}

void log_client_threshold(int threshold)
{
	sink.client_threshold = threshold;
}

static bool client_wants(int priority)
{
	return (sink.sinks & LOG_TO_CLIENT) && sink.client && priority <= sink.client_threshold;
}

bool log_wanted(int priority)
{
	return client_wants(priority) ||
	       ((sink.sinks & ~(unsigned)LOG_TO_CLIENT) && priority <= sink.threshold);
}

int log_threshold(void)
{
	return sink.threshold;
}

char *log_escape(char *dst, size_t size, const char *src, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)src[i];

		if (c >= 0x20 && c < 0x7f) {
			if (n + 2 > size)
				break;
			dst[n++] = (char)c;
		} else {
			if (n + 5 > size)
				break;
			dst[n++] = '\\';
			dst[n++] = 'x';
			dst[n++] = hex[c >> 4];
			dst[n++] = hex[c & 15];
		}
	}
	dst[n] = '\0';
	return dst;
}

/* One write per line, so that lines of several processes do not mix. A
 * standard error that is gone must not stop us, hence the ignored result. */
static void to_stderr(const char *text)
{
	char line[LOG_TEXT_MAX + 16];
	int n = snprintf(line, sizeof line, "dtcp-up: %s\n", text);

	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

void log_relay(int priority, const char *text)
{
	char shown[LOG_TEXT_MAX];

	log_escape(shown, sizeof shown, text, strlen(text));
	if ((sink.sinks & LOG_TO_CLIENT) && sink.client)
		sink.client(sink.client_arg, priority, shown);
	else if (priority <= sink.threshold)
		to_stderr(shown);
}

void log_msg(int priority, const char *fmt, ...)
{
	char raw[LOG_TEXT_MAX], text[LOG_TEXT_MAX];
	int saved = errno;
	va_list ap;

	if (!log_wanted(priority))
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof raw, fmt, ap);
	va_end(ap);
	log_escape(text, sizeof text, raw, strlen(raw));

	if (client_wants(priority))
		sink.client(sink.client_arg, priority, text);
	if (priority <= sink.threshold) {
		if (sink.sinks & LOG_TO_STDERR)
			to_stderr(text);
		if (sink.sinks & LOG_TO_SYSLOG)
			syslog(priority, "%s", text);
	}
	errno = saved;
}

bool log_stdout_done(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	log_msg(LOG_ERR, "standard output cannot be written: %m");
	return false;
}
