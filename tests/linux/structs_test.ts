import { assertEquals } from "@std/assert";
import { Open, Poll, Resolve } from "../../lib/linux/linux.ts";
import { NO_FD, OpenHow, pollfd, PollFds } from "../../lib/linux/structs.ts";

Deno.test("a struct pollfd is a descriptor, what is asked for, and what was found", () => {
  assertEquals(pollfd(0x0102, Poll.OUT), Uint8Array.of(2, 1, 0, 0, 4, 0, 0, 0));
  const fds = new PollFds(2);
  fds.ask(0, NO_FD, 0);
  fds.ask(1, 7, Poll.IN);
  assertEquals(
    fds.bytes,
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0),
  );
});

Deno.test("what poll(2) found is forgotten when the descriptor is asked for again", () => {
  const fds = new PollFds(2);
  fds.ask(1, 7, Poll.IN);
  fds.bytes[8 + 6] = Poll.HUP;
  assertEquals([fds.found(0), fds.found(1)], [0, Poll.HUP]);
  fds.ask(1, 7, Poll.IN);
  assertEquals(fds.found(1), 0);
});

Deno.test("a struct open_how is flags, mode and resolve of 64 bits each, set anew each time", () => {
  const how = new OpenHow();
  how.set(Open.CREAT, 0o640, Resolve.NO_SYMLINKS);
  const bytes = how.set(Open.PATH | Open.CLOEXEC, 0o600, Resolve.IN_ROOT);
  assertEquals(
    bytes,
    Uint8Array.of(
      ...[0, 0, 0x28, 0, 0, 0, 0, 0],
      ...[0x80, 1, 0, 0, 0, 0, 0, 0],
      ...[0x10, 0, 0, 0, 0, 0, 0, 0],
    ),
  );
  assertEquals(how.set(Open.WRONLY), Uint8Array.of(1, ...Array(23).fill(0)));
});
