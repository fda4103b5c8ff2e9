import { assert, assertEquals } from "@std/assert";
import { withTempDir } from "../../support/files.ts";
import { booked, fill, measured, quotaSession } from "../../support/quota.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };

const LIMIT = { bytes: 1024 * 1024, files: 60 };
const QUOTA = `${LIMIT.bytes},${LIMIT.files}`;

Deno.test({
  name: "four sessions at once never pass a quota, and its books are what du(1) says",
  ...LINUX,
  fn: () =>
    withTempDir(async (base) => {
      const places = { jail: `${base}/jail`, state: `${base}/state` };
      await Deno.mkdir(places.jail);
      const sessions = await Promise.all([1, 2, 3, 4].map(() => quotaSession(places, QUOTA)));
      const refused = await Promise.all(
        sessions.map(({ client }, index) => fill(client, index + 1, 150)),
      );
      await Promise.all(sessions.map((session) => session.stop()));
      const { used, reserved, open } = await booked(places.state);
      assertEquals(used, await measured(places.jail));
      assertEquals({ reserved, open }, { reserved: [], open: [] });
      const { bytes, files } = await measured(places.jail);
      assert(bytes <= LIMIT.bytes && files <= LIMIT.files, `${bytes} bytes, ${files} files`);
      assert(refused.some((count) => count > 0), `refused: ${refused}`);
    }),
});
