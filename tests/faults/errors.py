"""Which errors a system call can plausibly return to dtcp-up and dtcpd (faults.py)."""

FILES = "EMFILE ENOMEM EACCES EIO EINTR ENOSPC"
ERRORS = {
    "accept4": "EMFILE ECONNABORTED EINTR ENOMEM", "access": "EACCES EIO",
    "bind": "EADDRINUSE EADDRNOTAVAIL EACCES", "brk": "ENOMEM", "capget": "EPERM",
    "capset": "EPERM", "chdir": "EACCES", "chroot": "EPERM", "clock_nanosleep": "EINTR", "clone": "EAGAIN ENOMEM",
    "clone3": "EAGAIN ENOMEM", "close": "EIO EINTR", "close_range": "ENOSYS",
    "connect": "ECONNREFUSED ENETUNREACH EINTR EADDRNOTAVAIL ETIMEDOUT EAGAIN", "dup2": "EBUSY",
    "epoll_create1": "EMFILE ENOMEM", "epoll_ctl": "ENOMEM ENOSPC", "epoll_pwait": "EINTR",
    "execve": "ENOMEM EACCES ENOENT", "fcntl": "EAGAIN ENOLCK", "flock": "EWOULDBLOCK ENOLCK",
    "faccessat2": "EACCES EIO ENOMEM",
    "fork": "EAGAIN", "fstat": "EIO", "ftruncate": "EIO", "getdents64": "EIO ENOMEM",
    "getrandom": "EAGAIN EINTR ENOSYS", "getsockname": "ENOBUFS", "getsockopt": "ENOBUFS",
    "ioctl": "ENODEV", "kill": "ESRCH", "listen": "EADDRINUSE", "lseek": "EIO", "madvise": "ENOMEM EAGAIN",
    "mkdir": "EEXIST EROFS ENOSPC", "mkdirat": "EROFS ENOSPC", "mmap": "ENOMEM", "mprotect": "ENOMEM", "munmap": "ENOMEM",
    "newfstatat": "EIO ENOMEM", "open": FILES, "openat": FILES, "pidfd_open": "EMFILE ENOSYS",
    "pidfd_send_signal": "ESRCH", "pipe2": "EMFILE ENFILE", "poll": "EINTR ENOMEM",
    "prctl": "EPERM EINVAL", "pread64": "EIO", "prlimit64": "EPERM", "pwrite64": "ENOSPC EIO",
    "read": "EIO EINTR EAGAIN ECONNRESET", "readlink": "EIO", "readlinkat": "EIO",
    "recvfrom": "ENOBUFS EINTR EAGAIN ECONNRESET ENOMEM", "recvmsg": "EINTR ENOBUFS ENOMEM",
    "recvmmsg": "EINTR ENOBUFS ENOMEM",
    "rename": "ENOSPC EIO", "renameat": "ENOSPC EIO ENOMEM",
    "shutdown": "ENOTCONN", "unshare": "EPERM ENOMEM", "sysinfo": "EFAULT",
    "sendmmsg": "ENOBUFS EPERM", "sendmsg": "ENOBUFS EINTR EPIPE EAGAIN", "sendto": "EPIPE ENOBUFS EINTR EAGAIN ECONNRESET",
    "setgroups": "EPERM", "setpgid": "EPERM", "setresgid": "EPERM", "setresuid": "EPERM EAGAIN",
    "setrlimit": "EPERM", "setsid": "EPERM", "setsockopt": "ENOBUFS EPERM",
    # It is tried only to see that it fails.
    "setuid": "SUCCESS",
    "signalfd4": "EMFILE ENOMEM", "socket": "EMFILE ENOBUFS EPERM",
    "socketpair": "EMFILE ENOBUFS", "unlinkat": "EIO EROFS ENOMEM", "vfork": "EAGAIN ENOMEM",
    "write": "ENOSPC EIO EPIPE EINTR EAGAIN ENOMEM",
}
# These cannot fail as they are called: wait4(2) is asked with WNOHANG, or where
# signals are blocked and there is a child. The process is killed there, though.
SURE = set("""futex getegid geteuid getgid getgroups getpid getppid getresgid getresuid getuid
    rt_sigaction rt_sigprocmask set_robust_list umask wait4""".split())
# Nothing follows from these, however they end; a kill there is one beside them.
NEVER = {"clock_gettime", "exit_group", "restart_syscall", "rt_sigreturn", "time"}


def faults_of(calls):
    """Every fault for these calls (ROLE:CALL:N), in their order. A call that is
    in none of the tables is a KeyError: nobody has thought about it yet."""
    for call in calls:
        _, name, number = call.split(":")
        if name in NEVER:
            continue
        if not (name in SURE or name == "brk" and number == "1"):  # that one asks where it is
            for error in ERRORS[name].split():
                yield call, error
        yield call, "kill"
