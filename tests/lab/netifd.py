#!/usr/bin/python3
"""A stand-in for OpenWrt's netifd, as far as protocol handlers can tell.

    netifd.py DIR          serves; CONFIG, SOCKET and EVENTS are in DIR

ask.c asks it, as ubus would.

It plays netifd's state machine, with the habits that handlers have to live with:
it compares routes with its own list and not with the kernel, sets a device down and
empties it unless its addresses are external, begins again at once and for ever, and
tears nothing down when it is ended itself.
"""
import ipaddress
import json
import os
import re
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import time

PROTO_DIR = '/lib/netifd/proto'
HOTPLUG_DIR = '/etc/hotplug.d/iface'
OK, INVALID, NOT_FOUND, UNKNOWN_METHOD, DENIED = 0, 2, 4, 3, 6
DOWN, SETUP, UP, TEARDOWN = 'down', 'setup', 'up', 'teardown'
# Of the script and the task, beside the interface's own state.
IDLE, SETTING_UP, ABORTING, TEARING_DOWN = 'idle', 'setting-up', 'aborting', 'tearing-down'
# How much longer than netifd it waits: a slow lab's time.
SLOW = int(os.environ.get('LAB_SLOW', 1))
COMMON = ['proto', 'auto', 'metric', 'defaultroute', 'ip6assign', 'device']


def ip6(*words):
    return subprocess.run(['ip', '-6', *words], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


class Interface:
    def __init__(self, name, config):
        self.name, self.config = name, config
        self.state, self.sm = DOWN, IDLE
        self.autostart = config.get('auto', True)
        self.available = True
        self.script = self.task = None  # process numbers
        self.task_killed = False
        self.last_error = None
        self.timer = None
        self.deps = []  # [HOST, INTERFACE, satisfied]
        self.errors = []
        self.device = config.get('device') if config['proto'] == 'static' else None
        self.clear()

    def clear(self):
        self.routes, self.addresses, self.prefixes, self.data = [], [], [], {}


class Netifd:
    def __init__(self, folder):
        self.folder = folder
        self.selector = selectors.DefaultSelector()
        self.interfaces, self.words = {}, None
        self.hotplug_queue, self.hotplug_pid = [], None
        self.partial = {}

    # --- what it tells tests

    def note(self, *words):
        with open(f'{self.folder}/events', 'a') as f:
            print(*words, file=f)

    @staticmethod
    def log(text):
        print(text, flush=True)

    # --- processes

    def spawn(self, who, argv, env=None, cwd=None):
        """One pipe for all three descriptors, which can only be written to."""
        end, write = os.pipe()
        # A signal that comes before the program runs is for the program, not for end().
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            for fd in (0, 1, 2):
                os.dup2(write, fd)
            os.closerange(3, 64)
            try:
                if cwd:
                    os.chdir(cwd)
                os.execvpe(argv[0], argv, {**os.environ, **(env or {})})
            except OSError:
                pass
            os._exit(127)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(write)
        os.set_blocking(end, False)
        self.selector.register(end, selectors.EVENT_READ, lambda: self.read_output(who, pid, end))
        return pid

    def read_output(self, who, pid, fd):
        try:
            got = os.read(fd, 65536)
        except BlockingIOError:
            return
        lines = (self.partial.pop(fd, b'') + got).split(b'\n')
        if got and lines[-1]:
            self.partial[fd] = lines[-1]
        for line in lines[:-1] if got else lines:
            if line:
                self.log(f'{who} ({pid}): {line.decode(errors="backslashreplace")}')
        if not got:
            self.selector.unregister(fd)
            os.close(fd)

    @staticmethod
    def kill(pid, number):
        if pid:
            os.kill(pid, number)

    def run_handler(self, i, action):
        env = {}
        if action == 'teardown' and i.last_error is not None:
            env['ERROR'] = str(i.last_error)
        # The device, which netifd gives as a last argument, is none here.
        i.script = self.spawn(i.name, ['busybox', 'ash', '-eu', f'./{i.config["proto"]}.sh',
                                       i.config['proto'], action, i.name,
                                       json.dumps(i.config)], env, PROTO_DIR)
        self.note(action, i.name, *(f'{k}={v}' for k, v in env.items()))

    def reap(self):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.hotplug_pid:
                self.hotplug_pid = None
                self.hotplug()
            for i in list(self.interfaces.values()):
                if pid == i.script:
                    i.script = None
                    self.finished(i, 'script')
                elif pid == i.task:
                    i.task = None
                    if i.sm in (IDLE, SETTING_UP):
                        # Of one that was killed this is 0.
                        i.last_error = os.WEXITSTATUS(status)
                    self.finished(i, 'task')

    # --- the life of a protocol's interface

    def setup(self, i):
        if i.sm != IDLE:
            return
        i.state, i.sm, i.last_error, i.deps = SETUP, SETTING_UP, None, []
        i.task_killed = False
        self.run_handler(i, 'setup')

    def teardown(self, i):
        if i.sm == SETTING_UP and i.script:
            i.sm, i.timer = ABORTING, time.monotonic() + 1 * SLOW
            self.kill(i.script, signal.SIGTERM)
            self.kill(i.task, signal.SIGTERM)
        elif i.sm in (SETTING_UP, IDLE):
            i.sm, i.timer = TEARING_DOWN, time.monotonic() + 5 * SLOW
            self.run_handler(i, 'teardown')

    def finished(self, i, what):
        if i.sm == IDLE and what == 'task':
            self.lost(i)
        if i.sm in (IDLE, SETTING_UP):
            if what == 'task' or (what == 'script' and not i.task and i.sm == SETTING_UP):
                self.teardown(i)
        elif i.script or (i.task and i.sm == ABORTING):
            return
        elif i.sm == ABORTING:
            i.sm, i.timer = IDLE, None
            self.teardown(i)
        elif i.task:
            if not i.task_killed:
                self.kill(i.task, signal.SIGTERM)
        else:
            i.sm, i.timer = IDLE, None
            self.gone(i)

    def timed_out(self, i):
        i.timer = None
        self.note('killed', i.name)
        self.kill(i.script, signal.SIGKILL)
        self.kill(i.task, signal.SIGKILL)
        for pid in (i.script, i.task):
            if pid:
                os.waitpid(pid, 0)
        i.script = i.task = None
        self.finished(i, '')

    def came_up(self, i):
        if i.state != SETUP:
            return
        i.state, i.errors = UP, []
        self.tell('ifup', i)
        self.dependents(i)

    def lost(self, i):
        if i.state == UP:
            self.mark_down(i)
            i.state = SETUP

    def mark_down(self, i):
        served = [(other, dep) for other in self.interfaces.values() for dep in other.deps
                  if dep[2] and self.serves(dep, i)]
        self.set_routes(i, [])
        self.set_prefixes(i, [])
        i.clear()
        self.tell('ifdown', i)
        for other, dep in served:
            dep[2] = False
            if other.config['proto'] == 'static':
                self.set_available(other, False)
            elif other.sm == IDLE and other.state in (UP, SETUP):
                self.lost(other)
                self.teardown(other)

    def gone(self, i):
        if i.state == UP:
            self.mark_down(i)
        i.state, i.device = DOWN, None
        if i.name not in self.interfaces:
            return
        if i.autostart and i.available:
            self.setup(i)

    def set_down(self, i):
        if i.state in (DOWN, TEARDOWN):
            return
        if i.state == UP:
            self.mark_down(i)
        if i.config['proto'] == 'static':
            i.state = DOWN
            return
        i.state = TEARDOWN
        self.teardown(i)

    def set_up(self, i):
        i.autostart = True
        if i.state != DOWN:
            return
        if i.config['proto'] == 'static':
            i.state = SETUP
            self.came_up(i)
        elif i.available:
            self.setup(i)

    def set_available(self, i, available):
        if i.available == available:
            return
        i.available = available
        if not available:
            self.set_down(i)
        elif i.autostart and i.state == DOWN:
            self.set_up(i)

    # --- dependencies

    @classmethod
    def serves(cls, dep, i):
        host, name, _ = dep
        if name:
            return i.name == name
        if ':' in host:
            return cls.leads(i, host)
        return host == '0.0.0.0' and bool(i.config.get('default'))

    @staticmethod
    def leads(i, host):
        """Whether a route that netifd knows leads by it to an IPv6 host."""
        host = ipaddress.ip_address(host)
        return any('from' not in route and host in ipaddress.ip_network(route['to'])
                   for route in i.routes)

    def dependents(self, i):
        for other in list(self.interfaces.values()):
            for dep in other.deps:
                dep[2] = dep[2] or self.serves(dep, i)
            if other.deps:
                self.set_available(other, all(dep[2] for dep in other.deps))

    def add_dependency(self, i, host, name):
        if i.sm in (ABORTING, TEARING_DOWN):
            return DENIED
        dep = [host, name, False]
        dep[2] = any(other.state == UP and self.serves(dep, other)
                     for other in self.interfaces.values())
        i.deps.append(dep)
        self.set_available(i, all(one[2] for one in i.deps))
        return OK if dep[2] else NOT_FOUND

    def way(self, host):
        """Whether a route that netifd knows leads to an IPv6 host."""
        return any(i.state == UP and self.leads(i, host) for i in self.interfaces.values())

    # --- the kernel

    @staticmethod
    def route_words(i, route):
        words = [route['to']]
        if 'from' in route:
            words += ['from', route['from']]
        return [*words, 'dev', i.device, 'proto', 'static', 'metric', str(route['metric'])]

    def set_routes(self, i, routes):
        for route in i.routes:
            if route not in routes:
                ip6('route', 'del', *self.route_words(i, route))
        for route in routes:
            if route not in i.routes and \
                    not ip6('route', 'replace', *self.route_words(i, route)):
                self.log(f'{i.name}: route {route} cannot be set')
        i.routes = routes

    def set_prefixes(self, i, prefixes):
        unreachable = ['metric', '2147483647', 'proto', 'static']
        for prefix in i.prefixes:
            if prefix not in prefixes:
                ip6('route', 'del', 'unreachable', prefix, *unreachable)
                self.assign(prefix, i.device, False)
        for prefix in prefixes:
            if prefix not in i.prefixes:
                ip6('route', 'replace', 'unreachable', prefix, *unreachable)
                self.assign(prefix, i.device, True)
        i.prefixes = prefixes

    def assign(self, prefix, uplink, add):
        """The interfaces with ip6assign get the first part of it, and the uplink's MTU. One
        that is taken back is deprecated for two hours."""
        for lan in self.interfaces.values():
            if 'ip6assign' not in lan.config:
                continue
            device = lan.config['device']
            part = f'{ipaddress.ip_network(prefix)[0]}/{lan.config["ip6assign"]}'
            lifetimes = 'forever', 'forever'
            if not add:
                lifetimes = '7200', '0'
            elif self.mtu(uplink) < self.mtu(device):
                with open(f'/proc/sys/net/ipv6/conf/{device}/mtu', 'w') as f:
                    print(self.mtu(uplink), file=f)
            ip6('addr', 'replace', part.replace('::/', '::1/'), 'dev', device,
                'valid_lft', lifetimes[0], 'preferred_lft', lifetimes[1])
            # What nothing routes is not for us to send on.
            ip6('rule', 'add' if add else 'del', 'pref', '4200000001', 'unreachable',
                'from', part, 'iif', device)

    @staticmethod
    def mtu(device):
        with open(f'/proc/sys/net/ipv6/conf/{device}/mtu') as f:
            return int(f.read())

    @staticmethod
    def claim(device, external):
        if not external:
            subprocess.run(['ip', 'link', 'set', device, 'down'])
            ip6('addr', 'flush', 'dev', device)
            ip6('route', 'flush', 'dev', device)
            subprocess.run(['ip', 'link', 'set', device, 'up'])

    # --- hotplug

    def tell(self, action, i, *more):
        self.note(action, i.name)
        env = dict(word.split('=') for word in more)
        env |= {'ACTION': action, 'INTERFACE': i.name}
        if action != 'ifdown' and i.device:
            env['DEVICE'] = i.device
        self.hotplug_queue.append(env)
        self.hotplug()

    def hotplug(self):
        if self.hotplug_pid or not self.hotplug_queue:
            return
        env = self.hotplug_queue.pop(0)
        if os.path.isdir(HOTPLUG_DIR):
            self.hotplug_pid = self.spawn('hotplug', [
                'busybox', 'ash', '-c', f'for file in {HOTPLUG_DIR}/*; do (. $file); done'], env)

    # --- what is asked

    def update(self, i, words):
        if i.sm in (ABORTING, TEARING_DOWN):
            return DENIED
        got = {}
        for word in words:
            name, value = word.split('=', 1)
            got.setdefault(name, []).append(value)
        if got['link-up'] == ['0']:
            self.lost(i)
            return OK
        keep = got.get('keep') == ['1'] and i.state == UP
        if not keep:
            i.device = got['ifname'][0]
            self.claim(i.device, got.get('address-external') == ['1'])
        routes = i.routes if keep else []
        for text in got.get('route6', []):
            to, metric, source = text.split('|')
            route = {'to': to, 'metric': int(metric or i.config.get('metric', 1024))}
            if source:
                route['from'] = source
            if to != '::/0' or i.config.get('defaultroute', True):
                routes = routes + [route]
        before = (i.addresses, i.prefixes, i.routes)
        i.addresses = got.get('ip6addr', [])
        i.data = dict(word.split('=', 1) for word in got.get('data', []))
        self.set_routes(i, routes)
        self.set_prefixes(i, got.get('ip6prefix', []))
        if i.state == UP and before != (i.addresses, i.prefixes, i.routes):
            self.tell('ifupdate', i, *(['IFUPDATE_ADDRESSES=1'] if before[0] != i.addresses else []))
        self.came_up(i)
        i.sm = IDLE
        return OK

    def run_command(self, i, argv):
        if i.sm in (ABORTING, TEARING_DOWN):
            return DENIED
        if i.task:
            self.kill(i.task, signal.SIGKILL)
            os.waitpid(i.task, 0)
        i.task = self.spawn(i.name, argv)
        return OK

    def kill_command(self, i, number):
        if i.task:
            i.task_killed = i.task_killed or number in (signal.SIGTERM, signal.SIGKILL)
            self.kill(i.task, number)
        return OK

    def notify(self, i, action, *words):
        if action == 'update':
            return self.update(i, words)
        if action == 'run':
            return self.run_command(i, list(words))
        if action == 'kill':
            return self.kill_command(i, int(words[0]) if words else signal.SIGTERM)
        if action == 'error':
            i.errors = [{'subsystem': i.config['proto'], 'code': words[0],
                         **({'data': list(words[1:])} if words[1:] else {})}]
            return OK
        if action == 'block':
            i.autostart = False
            return OK
        if action == 'depend':
            return self.add_dependency(i, *words)
        return UNKNOWN_METHOD

    def status(self, i):
        return {'up': i.state == UP, 'pending': i.state == SETUP, 'available': i.available,
                'autostart': i.autostart, 'state': i.state, 'device': i.device, 'routes': i.routes,
                'addresses': i.addresses, 'prefixes': i.prefixes, 'data': i.data,
                'task': i.task, 'errors': i.errors}

    @staticmethod
    def shell_variables(options, names):
        """For json_get_vars: what is missing is empty, true and false are 1 and 0."""
        def text(value):
            return '' if value is None else str(int(value) if isinstance(value, bool) else value)
        return '\n'.join(f'{name}={shlex.quote(text(options.get(name)))}' for name in names)

    def answer(self, action, name='', *words):
        """Status and text for one question."""
        if action == 'reload':
            self.reload()
            return OK, ''
        if action == 'way':
            return (OK if self.way(name) else NOT_FOUND), ''
        if action == 'vars':
            return OK, self.shell_variables(json.loads(name), words)
        i = self.interfaces.get(name)
        if not i:
            return NOT_FOUND, ''
        if action == 'status':
            return OK, json.dumps(self.status(i))
        if action == 'is':
            value = eval(words[0], {'re': re}, self.status(i))
            return (OK if value else 1), value
        if action == 'device':
            return (OK if i.device and i.state == UP else NOT_FOUND), i.device or ''
        if action == 'ifup':
            self.set_up(i)
            return OK, ''
        if action == 'ifdown':
            i.autostart = False
            self.set_down(i)
            return OK, ''
        with open(f'{self.folder}/calls', 'a') as f:
            print(json.dumps([name, action, *words]), file=f)
        return self.notify(i, action, *words), ''

    def serve(self, listener):
        connection, _ = listener.accept()
        with connection:
            words = connection.recv(1 << 16).decode().split('\0')[:-1]
            if words:
                status, text = self.answer(*words)
                connection.send(f'{status} {text}'.encode())

    # --- beginning, configuration, end

    def dump(self):
        handler = f'{PROTO_DIR}/dtcp.sh'
        if not os.path.exists(handler):
            return
        if not os.access(handler, os.X_OK):
            sys.exit('a handler that cannot be executed')
        said = subprocess.run(['busybox', 'ash', '-eu', './dtcp.sh', '', 'dump'], cwd=PROTO_DIR,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        if said:
            self.words = [name for name, _ in json.loads(said)['config']]

    def read_config(self):
        with open(f'{self.folder}/config') as f:
            config = json.load(f)
        # Without a handler an interface of its protocol has none.
        return {name: words for name, words in config.items()
                if words['proto'] == 'static' or self.words is not None}

    def reload(self):
        config = self.read_config()
        for name in [name for name in self.interfaces if name not in config]:
            i = self.interfaces[name]
            i.autostart = False
            self.set_down(i)
        for name, words in config.items():
            i = self.interfaces.get(name)
            if not i:
                self.add(name, words)
                continue
            old = i.config
            if all(old.get(word) == words.get(word) for word in [*COMMON, *(self.words or [])]):
                continue
            i.config, i.autostart = words, words.get('auto', True)
            i.available, i.deps = True, []
            if i.state == DOWN:
                self.set_up(i)
            else:
                self.set_down(i)

    def add(self, name, words):
        i = self.interfaces[name] = Interface(name, words)
        if i.autostart:
            self.set_up(i)

    def run(self):
        self.dump()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(f'{self.folder}/socket.new')
        listener.listen(16)
        os.rename(f'{self.folder}/socket.new', f'{self.folder}/socket')
        self.selector.register(listener, selectors.EVENT_READ, lambda: self.serve(listener))
        wake, woken = os.pipe()
        for fd in (wake, woken):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(woken)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.end())
        for name, words in self.read_config().items():
            self.add(name, words)
        self.selector.register(wake, selectors.EVENT_READ, lambda: os.read(wake, 64))
        while True:
            self.reap()
            timers = [i.timer for i in self.interfaces.values() if i.timer]
            pause = max(0, min(timers) - time.monotonic()) if timers else None
            for key, _ in self.selector.select(pause):
                key.data()
            self.reap()
            for i in list(self.interfaces.values()):
                if i.timer and i.timer <= time.monotonic():
                    self.timed_out(i)

    def end(self):
        """Its children are killed, and nothing is torn down."""
        for i in self.interfaces.values():
            self.kill(i.script, signal.SIGKILL)
            self.kill(i.task, signal.SIGKILL)
        os._exit(0)


if __name__ == '__main__':
    Netifd(sys.argv[1]).run()
