import { assertEquals } from "@std/assert";
import { CreatedEntries } from "../../lib/policy/created_entries.ts";

function owned(names: CreatedEntries, ...paths: readonly string[]): boolean[] {
  return paths.map((path) => names.has(path));
}

Deno.test("CreatedEntries.move() takes along what is below, and drops what was there", () => {
  const names = new CreatedEntries();
  names.add("/d", "directory");
  names.add("/d/f", "file");
  names.add("/dd", "file");
  names.add("/e/old", "file");
  names.move("/d", "/e");
  assertEquals(owned(names, "/e", "/e/f", "/dd"), [true, true, true]);
  assertEquals(owned(names, "/d", "/d/f", "/e/old"), [false, false, false]);
  assertEquals([names.isFile("/e"), names.isFile("/e/f")], [false, true]);
});

Deno.test("CreatedEntries.move() does not make other sessions' entries its own", () => {
  const names = new CreatedEntries();
  names.add("/d/f", "file");
  names.move("/foreign", "/d");
  assertEquals(owned(names, "/d", "/d/f"), [false, false]);
});

Deno.test("CreatedEntries.move() of a path to itself keeps it", () => {
  const names = new CreatedEntries();
  names.add("/f", "file");
  names.move("/f", "/f");
  assertEquals(names.isFile("/f"), true);
});

Deno.test("CreatedEntries.add() forgets what was below", () => {
  const names = new CreatedEntries();
  names.add("/d/f", "file");
  names.add("/d", "directory");
  assertEquals(owned(names, "/d", "/d/f"), [true, false]);
});

Deno.test("CreatedEntries.move() of a folder keeps what the session has made elsewhere", () => {
  const names = new CreatedEntries();
  names.add("/a/b/f", "file");
  names.add("/a/g", "file");
  names.move("/a/b", "/c");
  assertEquals(owned(names, "/a/g", "/c/f", "/a/b/f", "/a", "/c"), [
    true,
    true,
    false,
    false,
    false,
  ]);
});

Deno.test("CreatedEntries.move() into the folder that it comes from keeps both", () => {
  const names = new CreatedEntries();
  names.add("/d/a", "file");
  names.add("/d/b", "file");
  names.move("/d/a", "/d/c");
  names.move("/d/b", "/d/c");
  assertEquals(owned(names, "/d/a", "/d/b", "/d/c"), [false, false, true]);
});

Deno.test("CreatedEntries treats the names of Object's own members like any other", () => {
  const names = new CreatedEntries();
  names.add("/__proto__/constructor", "file");
  assertEquals(owned(names, "/__proto__/constructor", "/__proto__", "/constructor"), [
    true,
    false,
    false,
  ]);
});

Deno.test("CreatedEntries says the same as a list of names, whatever is done to them", () => {
  const segments = ["a", "b", "c"];
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48271) % 0x7fff_ffff) % below;
  const randomPath = () =>
    Array.from({ length: 1 + random(3) }, () => `/${segments[random(3)]}`).join("");
  const all = segments.flatMap((first) => [
    `/${first}`,
    ...segments.flatMap((second) => [
      `/${first}/${second}`,
      ...segments.map((third) => `/${first}/${second}/${third}`),
    ]),
  ]);
  const names = new CreatedEntries();
  let list = new Map<string, "file" | "directory">();
  const isWithin = (path: string, folder: string) =>
    path === folder || path.startsWith(`${folder}/`);
  const without = (folder: string) =>
    new Map([...list].filter(([path]) => !isWithin(path, folder)));
  for (let step = 0; step < 5000; step++) {
    const [path, to] = [randomPath(), randomPath()];
    const what = random(3);
    if (what === 0) {
      const kind = random(2) === 0 ? "file" : "directory";
      names.add(path, kind);
      list = without(path).set(path, kind);
    } else if (what === 1) {
      names.forget(path);
      list = without(path);
    } else if (!isWithin(to, path) && !isWithin(path, to)) {
      names.move(path, to);
      const moved = [...list].filter(([own]) => isWithin(own, path));
      list = without(path);
      list = without(to);
      for (const [own, kind] of moved) list.set(to + own.slice(path.length), kind);
    }
    assertEquals(
      all.map((each) => [each, names.has(each), names.isFile(each)]),
      all.map((each) => [each, list.has(each), list.get(each) === "file"]),
    );
  }
});

Deno.test("CreatedEntries never goes through all of its names", () => {
  const names = new CreatedEntries();
  names.add("/d", "directory");
  for (let index = 0; index < 10; index++) names.add(`/d/${index}`, "file");
  const { prototype } = Map;
  const goingThrough = ["keys", "values", "entries", "forEach", Symbol.iterator] as const;
  const kept = goingThrough.map((name) => [name, prototype[name]] as const);
  try {
    for (const [name] of kept) {
      Object.defineProperty(prototype, name, {
        configurable: true,
        writable: true,
        value: () => {
          throw new Error(`all names are gone through by ${String(name)}`);
        },
      });
    }
    names.add("/d/new.part", "file");
    names.move("/d/new.part", "/d/new");
    names.move("/d", "/e");
    names.forget("/e/0");
  } finally {
    for (const [name, value] of kept) {
      Object.defineProperty(prototype, name, { configurable: true, writable: true, value });
    }
  }
  assertEquals(owned(names, "/e/new", "/e/0", "/e/1"), [true, false, true]);
});
