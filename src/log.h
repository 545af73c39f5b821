/* SPDX-License-Identifier: ISC */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>

/* The longest message, after escaping; a longer one is cut. A DTCP line of
 * 512 bytes outside ASCII takes four times as many, and a name before it. */
#define LOG_TEXT_MAX 2304

/* Where messages go. LOG_TO_CLIENT hands them to the function given to
 * log_set_client(). */
enum { LOG_TO_STDERR = 1, LOG_TO_SYSLOG = 2, LOG_TO_CLIENT = 4 };

typedef void log_client_fn(void *arg, int priority, const char *text);

/* Sets the sinks and the least urgent priority shown (LOG_ERR with --quiet,
 * LOG_NOTICE normally, LOG_DEBUG with --verbose). */
void log_setup(unsigned sinks, int threshold);
int log_threshold(void);

/* The client gets all messages, until it is said that none less urgent than
 * threshold is wanted there. */
void log_set_client(log_client_fn *fn, void *arg);
void log_client_threshold(int threshold);

/* True where a message of this priority goes anywhere; others cost nothing. */
bool log_wanted(int priority);

/* Writes one message. Bytes outside printable ASCII are shown as \xNN, so
 * that nothing a server or a file says reaches a terminal. */
void log_msg(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Passes on a message that somebody else has logged: to the client, where that
 * is a sink, else to standard error, if it is urgent enough. */
void log_relay(int priority, const char *text);

/* Copies len bytes of src to dst, escaped as above, always terminated, cut
 * where dst is full. Returns dst. */
char *log_escape(char *dst, size_t size, const char *src, size_t len);

/* Says that all results were written to standard output; false after a message
 * where they could not be (a full disk). */
bool log_stdout_done(void);

#endif
