/* SPDX-License-Identifier: ISC */
#ifndef UNIT_H
#define UNIT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/* What the unit tests share. Each program is a list of named cases;
 * unit.tap runs each in a process of its own. */
struct unit_case {
	const char *name;
	void (*run)(void);
};

/* So long one case may take with --each, on any machine. */
enum { UNIT_LIMIT_S = 300 };

/* Without arguments prints the names; with --all runs every case; with --each
 * every one but those named after it, in a process each, and says of each whether
 * it held; otherwise the case of that name. The result is main()'s: 0 where all
 * checks held. A case that checked nothing has failed. */
int unit_main(const struct unit_case *cases, size_t n, int argc, char *argv[]);

#define UNIT_MAIN(cases)                                                           \
	int main(int argc, char *argv[])                                           \
	{                                                                          \
		return unit_main(cases, sizeof(cases) / sizeof((cases)[0]), argc,  \
				 argv);                                            \
	}

/* Checks go on after a failure, and print what was met and what was wanted.
 * Each is true where it held. */
#define CHECK(condition) unit_check((condition), #condition, "", __FILE__, __LINE__)
#define CHECK_FOR(what, condition) \
	unit_check((condition), #condition, (what), __FILE__, __LINE__)
#define CHECK_INT(got, want) \
	unit_int((long long)(got), (long long)(want), #got, __FILE__, __LINE__)
#define CHECK_STR(got, want) unit_str((got), (want), #got, __FILE__, __LINE__)
/* The text got contains part. */
#define CHECK_HAS(got, part) unit_has((got), (part), #got, __FILE__, __LINE__)

bool unit_check(bool ok, const char *text, const char *what, const char *file, int line);
bool unit_int(long long got, long long want, const char *text, const char *file, int line);
bool unit_str(const char *got, const char *want, const char *text, const char *file, int line);
bool unit_has(const char *got, const char *part, const char *text, const char *file, int line);

/* An address as text; that it is one is checked. */
struct in_addr unit_ipv4(const char *text);

/* Makes a folder for the test to write to, and puts its path into path. Returns a
 * descriptor of it; who takes one closes it, and removes the folder by rmdir(2). */
enum { UNIT_FOLDER_SIZE = 32 };
int unit_folder(char path[UNIT_FOLDER_SIZE]);

/* A row of a state machine's table: what an event leads to in a state, and what the step
 * returns. */
struct unit_row {
	int state, event, next;
	unsigned result;
};

/* The row of that state and event. What has none changes no state and does nothing. */
struct unit_row unit_row(const struct unit_row *rows, size_t n, int state, int event);

/* What the code under test has logged since the last call of unit_log_clear(),
 * a line a message: "4 text", the number being the priority. */
const char *unit_log(void);
void unit_log_clear(void);

/* Random numbers that are the same in each run. */
unsigned unit_random(unsigned *seed);

#endif
