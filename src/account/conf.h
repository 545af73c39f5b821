/* SPDX-License-Identifier: ISC */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>

/* A configuration file that holds passwords, line by line: what the account file
 * and the file of dtcpd have in common. */

/* The longest line, in bytes, and the longest reason why one is refused. */
enum { CONF_LINE_MAX = 1024 };
#define CONF_WHY_MAX 320

/* The largest file that is read, in bytes. */
enum { CONF_FILE_MAX = 1 << 20 };

/* Takes line number, of len bytes without its line end. False with the reason, which
 * quotes the value at fault and no password, in why. */
typedef bool conf_line_fn(void *arg, unsigned number, const char *line, size_t len,
			  char why[CONF_WHY_MAX]);

/* Reads the file and calls fn for each of its lines. Its owner and mode are checked
 * first, on the open file, since nobody else may write or read passwords. manual
 * names the page that says what goes into it. False after a message with file, line
 * and reason; fn is not called again after it has said false. */
bool conf_file_read(const char *path, const char *manual, conf_line_fn *fn, void *arg);

/* The same with text of len bytes, which is named path in messages. */
bool conf_text_each(const char *path, const char *text, size_t len, conf_line_fn *fn, void *arg);

/* Whether a line says anything: 1, or 0 where it is empty or a comment. -1 for one
 * that no line may be, with the reason in why. *len becomes the length without the
 * CR that other systems put before the line end. */
int conf_line_ok(const char *line, size_t *len, char why[CONF_WHY_MAX]);

/* Takes the next field of a terminated line, which is cut in place: *in goes on behind
 * it. A field in double quotes may hold blanks, and \" and \\ stand for themselves in
 * it; *quoted says that it was one. *field is NULL at the end of the line. False with
 * the reason in why. */
bool conf_field(char **in, char **field, bool *quoted, char why[CONF_WHY_MAX]);

/* Writes to why that what takes something else than value. False. */
bool conf_takes(char why[CONF_WHY_MAX], const char *what, const char *value, const char *takes);

/* Prints a field to standard output, so that conf_field() reads the same again: in
 * quotes where it would otherwise be read as something else. Bytes outside printable
 * ASCII are shown as \xNN. */
void conf_print_field(const char *field);

/* True where the text holds a byte of 0x01 to 0x1f or 0x7f. */
bool conf_has_control(const char *text);

#endif
