/* SPDX-License-Identifier: ISC */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>

/* The longest message, after escaping; a longer one is cut. A DTCP line of
 * 512 bytes outside ASCII takes four times as many, and a name before it. */
#define LOG_TEXT_MAX 2304

/* Where messages go. LOG_TO_FUNCTION hands them to the function given to
 * log_set_function(). */
enum { LOG_TO_STDERR = 1, LOG_TO_SYSLOG = 2, LOG_TO_FUNCTION = 4 };

typedef void log_fn(void *arg, int priority, const char *text);

/* The name of the program, which stands before each message; "dtcp-up" until it is
 * given. It is not copied. */
void log_name(const char *name);

/* Sets the sinks, and the least urgent priority shown on standard error and in
 * syslog (LOG_ERR with --quiet, LOG_NOTICE normally, LOG_DEBUG with --verbose). */
void log_setup(unsigned sinks, int threshold);
int log_threshold(void);

/* The function gets messages of every priority, and chooses by itself. */
void log_set_function(log_fn *fn, void *arg);

/* Writes one message. Bytes outside printable ASCII are shown as \xNN, so
 * that nothing a server or a file says reaches a terminal. errno stays. */
void log_msg(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Passes on a message that somebody else has logged: to the function, where that
 * is a sink, else to standard error, if it is urgent enough. */
void log_relay(int priority, const char *text);

/* Says that all results were written to standard output; false after a message
 * where they could not be (a full disk). */
bool log_stdout_done(void);

#endif
