/* SPDX-License-Identifier: ISC */
/* Runs a fuzzer without libFuzzer: on each file named, or in each directory
 * named, or else on standard input, which is how AFL++ drives it. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

enum { INPUT_MAX = 1 << 20 };

static unsigned files;

static void run(const uint8_t *data, size_t size)
{
	/* Memory of just that size, so that the sanitizer sees what goes past. */
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void run_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(2);
	}
	n = fread(data, 1, sizeof data, f);
	fclose(f);
	run(data, n);
	files++;
}

static void run_directory(const char *path)
{
	char file[1024];
	DIR *d = opendir(path);

	if (!d) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(2);
	}
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		snprintf(file, sizeof file, "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.')
			run_file(file);
	}
	closedir(d);
}

static void run_input(void)
{
	static uint8_t data[INPUT_MAX];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof data && (n = read(0, data + len, sizeof data - len)) > 0)
		len += (size_t)n;
	run(data, len);
}

int main(int argc, char *argv[])
{
	struct stat st;

	for (int i = 1; i < argc; i++)
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			run_directory(argv[i]);
		else
			run_file(argv[i]);
	if (argc > 1) {
		printf("%u files\n", files);
		return files ? 0 : 1;
	}
#ifdef __AFL_LOOP
	while (__AFL_LOOP(10000))
		run_input();
#else
	run_input();
#endif
	return 0;
}
