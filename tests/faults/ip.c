/* SPDX-License-Identifier: ISC */
/* Takes the place of ip(8) in the lab, for dtcp-up: passes the lines of a batch
 * on to the real one (/run/lab/ip), but for one.
 *
 * /run/lab/ip-fault holds `OP LINE HOW`: in the next batch that is OP, in place
 * of line LINE, or at the end, where that is the line after the last:
 *
 *   fail      ip is told nonsense, or fails at its end
 *   hang      it hangs, before that line
 *   megabyte  it prints one first
 *
 * and the file is removed. Each line is written to /run/lab/ip-lines, after OP.
 * OP is up (a batch that begins with `tunnel add`), move (from `tunnel change` on), down
 * (with -force) or other. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char real[] = "/run/lab/ip", order[] = "/run/lab/ip-fault";

static bool dtcp_up_calls(void)
{
	char path[40], name[32] = "";
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/comm", (int)getppid());
	f = fopen(path, "re");
	if (!f || !fgets(name, sizeof name, f))
		return false;
	fclose(f);
	return strcmp(name, "dtcp-up\n") == 0;
}

static const char *op_of(const char *option, const char *line)
{
	if (strcmp(option, "-force") == 0)
		return "down";
	return strncmp(line, "tunnel add ", 11) == 0	  ? "up"
	       : strncmp(line, "tunnel change ", 14) == 0 ? "move"
							  : "other";
}

/* How this line is to fail; "" for not at all. */
static const char *how(const char *op, unsigned n)
{
	static char word[16];
	char which[16];
	unsigned at = 0;
	FILE *f = fopen(order, "re");

	if (!f)
		return "";
	if (fscanf(f, "%15s %u %15s", which, &at, word) != 3 || strcmp(which, op) != 0 || at != n)
		word[0] = '\0';
	fclose(f);
	if (word[0])
		unlink(order);
	return word;
}

static void note(const char *op, const char *line)
{
	FILE *f = fopen("/run/lab/ip-lines", "ae");

	if (!f)
		return;
	fprintf(f, "%s %s", op, line);
	fclose(f);
}

/* What is not for the real one to do. True where the line is not either. */
static bool act(const char *word, int to)
{
	if (strcmp(word, "fail") == 0)
		return dprintf(to, "out of cheese\n") > 0;
	if (strcmp(word, "hang") == 0)
		for (;;)
			pause();
	if (strcmp(word, "megabyte") == 0) {
		for (int i = 0; i < 1000000 / 50; i++)
			printf("%049d\n", i);
		fflush(stdout);
	}
	return false;
}

/* The real one has ended before it was told all. */
static void on_child(int sig)
{
	int status;

	(void)sig;
	if (wait(&status) > 0)
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static int pass_on(char *argv[], int to, pid_t child)
{
	const char *op = "", *word;
	char line[1024];
	unsigned n = 0;
	int status;

	while (fgets(line, sizeof line, stdin)) {
		if (n++ == 0)
			op = op_of(argv[1], line);
		if (strcmp(op, "other") == 0 && strcmp(op_of(argv[1], line), "move") == 0) {
			op = "move"; /* routes were taken out first */
			n = 1;
		}
		note(op, line);
		word = how(op, n);
		if (!act(word, to) && write(to, line, strlen(line)) < 0)
			break;
	}
	word = how(op, n + 1);
	act(word, to);
	signal(SIGCHLD, SIG_DFL);
	close(to);
	if (waitpid(child, &status, 0) < 0)
		return 125;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && strcmp(word, "fail") == 0) {
		fputs("out of cheese\n", stderr);
		return 9;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char *argv[])
{
	int lines[2];
	pid_t child;

	if (argc < 2 || !dtcp_up_calls() || pipe2(lines, O_CLOEXEC) < 0) {
		execv(real, argv);
		return 126;
	}
	signal(SIGPIPE, SIG_IGN); /* it may end before it has read all */
	signal(SIGCHLD, on_child);
	child = fork();
	if (child == 0) {
		signal(SIGPIPE, SIG_DFL);
		signal(SIGCHLD, SIG_DFL);
		dup2(lines[0], 0);
		execv(real, argv);
		_exit(126);
	}
	close(lines[0]);
	return child < 0 ? 125 : pass_on(argv, lines[1], child);
}
