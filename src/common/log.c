/* SPDX-License-Identifier: ISC */
#include "common/log.h"
#include "common/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *name;
	unsigned sinks;
	int threshold;
	log_fn *fn;
	void *arg;
} sink = {"dtcp-up", LOG_TO_STDERR, LOG_NOTICE, NULL, NULL};

void log_name(const char *name)
{
	sink.name = name;
}

void log_setup(unsigned sinks, int threshold)
{
	sink.sinks = sinks;
	sink.threshold = threshold;
	if (sinks & LOG_TO_SYSLOG)
		openlog(sink.name, LOG_PID, LOG_DAEMON);
}

void log_set_function(log_fn *fn, void *arg)
{
	sink.fn = fn;
	sink.arg = arg;
}

static bool to_function(void)
{
	return (sink.sinks & LOG_TO_FUNCTION) && sink.fn;
}

int log_threshold(void)
{
	return sink.threshold;
}

/* One write per line, so that lines of several processes do not mix. A
 * standard error that is gone must not stop us, hence the ignored result. */
static void to_stderr(const char *text)
{
	char line[LOG_TEXT_MAX + 16];
	int n = snprintf(line, sizeof line, "%s: %s\n", sink.name, text);

	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

void log_relay(int priority, const char *text)
{
	char shown[LOG_TEXT_MAX];

	text_escape(shown, sizeof shown, text, strlen(text));
	if (to_function())
		sink.fn(sink.arg, priority, shown);
	else if (priority <= sink.threshold)
		to_stderr(shown);
}

void log_msg(int priority, const char *fmt, ...)
{
	char raw[LOG_TEXT_MAX], text[LOG_TEXT_MAX];
	int saved = errno;
	va_list ap;

	if (priority > sink.threshold && !to_function())
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof raw, fmt, ap);
	va_end(ap);
	text_escape(text, sizeof text, raw, strlen(raw));

	if (to_function())
		sink.fn(sink.arg, priority, text);
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
