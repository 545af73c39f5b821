/* SPDX-License-Identifier: ISC */
/* For programs that count which lines they run. A process that ends by _exit(2), as those of the session do, writes down
 * what it has run. One that was made by vfork(2) shares that with its parent,
 * which goes on, and else would write down nothing. */
void __gcov_dump(void);
void __gcov_reset(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap__exit(int status)
{
	__gcov_dump();
	__gcov_reset();
	__real__exit(status);
}

/* dtcpd's front is shut in a folder in which it could write nothing. */
int __wrap_chroot(const char *path);

int __wrap_chroot(const char *path)
{
	return path ? 0 : -1;
}
