/**
 * Takes a lease on a file, as a file server does for its clients, tells that it has it, and gives
 * it back a while after the system has asked for it.
 */

const F_SETLEASE = 1024;
const F_RDLCK = 0;
const O_RDONLY = 0;

const [path = "", delayMs = ""] = Deno.args;
const { symbols } = Deno.dlopen("libc.so.6", {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
});
Deno.addSignalListener("SIGIO", () => setTimeout(() => Deno.exit(), Number(delayMs)));
const fd = symbols.open(new TextEncoder().encode(`${path}\0`), O_RDONLY);
const taken = symbols.fcntl(fd, F_SETLEASE, F_RDLCK);
Deno.stdout.writeSync(new TextEncoder().encode(taken === 0 ? "taken" : "refused"));
// Until it is asked: a signal listener alone keeps nothing going.
setInterval(() => {}, 1000);
