import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  BucketClient,
  type BucketOptions,
} from "../../../../lib/storage/s3/client/bucket_client.ts";
import { fixedKeys, type Keys } from "../../../../lib/storage/s3/client/keys.ts";
import { type Clock, Retries } from "../../../../lib/storage/s3/client/retries.ts";
import { isPreconditionFailed, S3Error } from "../../../../lib/storage/s3/client/s3_errors.ts";
import { withTempDir } from "../../../support/files.ts";
import { needs } from "../../../support/programs.ts";
import { runOk } from "../../../support/run.ts";
import {
  inTurn,
  type Reply,
  type ScriptedServer,
  type SeenRequest,
  withScript,
} from "../../../support/scripted_http.ts";

const KEYS: Keys = { accessKeyId: "AKID", secretAccessKey: "hidden", sessionToken: "hidden too" };

/** Time that passes only by sleeping. */
function quickClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    random: () => 0.5,
    sleep(milliseconds) {
      now += milliseconds;
      return Promise.resolve();
    },
  };
}

interface Session extends ScriptedServer {
  readonly client: BucketClient;
  /** What was reported, with its end: "final: …" or "again: …". */
  readonly lines: readonly string[];
}

/** Runs `use` with a client of a scripted server. */
async function withClient(
  script: (request: SeenRequest, index: number) => Reply,
  use: (session: Session) => Promise<void>,
  options: Partial<BucketOptions> = {},
): Promise<void> {
  await withScript(script, async ({ endpoint, seen }) => {
    const lines: string[] = [];
    const client = new BucketClient({
      ...{ endpoint, bucket: "bucket", region: "us-east-1", keys: fixedKeys(KEYS) },
      report: (line, isFinal) => lines.push(`${isFinal ? "final" : "again"}: ${line}`),
      retries: new Retries(quickClock()),
      ...options,
    });
    try {
      await use({ client, lines, endpoint, seen });
    } finally {
      client.close();
    }
    for (const line of lines) assert(!line.includes("hidden"), line);
  });
}

function failure(status: number, code: string, more = ""): Reply {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>Words of the server.` +
    `</Message>${more}<RequestId>REQ1</RequestId></Error>`;
  return { status, headers: { "content-type": "application/xml" }, body };
}

const WRITTEN: Reply = { headers: { etag: '"e"' } };

function content(body: string): Reply {
  const range = `bytes 0-${body.length - 1}/${body.length}`;
  return { status: 206, headers: { etag: '"e"', "content-range": range }, body };
}

function object(headers: Record<string, string> = {}): Reply {
  return { headers: { etag: '"e"', "last-modified": "Sun, 29 Nov 2026 10:00:00 GMT", ...headers } };
}

const RANGE = { start: 0, end: 100 };

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function bytes(body: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(body);
}

async function failed(promise: Promise<unknown>): Promise<S3Error> {
  return await assertRejects(() => promise, S3Error);
}

Deno.test("What is over soon is tried again, and each attempt is reported with code and id", () =>
  withClient(
    inTurn(failure(503, "SlowDown"), failure(500, "InternalError"), WRITTEN),
    async ({ client, lines, seen }) => {
      await client.put("a", bytes("content"));
      assertEquals(seen.map(({ body }) => text(body)), ["content", "content", "content"]);
      assertEquals(lines, [
        'again: PutObject "a": 503 SlowDown Words of the server. (request REQ1); trying again',
        'again: PutObject "a": 500 InternalError Words of the server. (request REQ1); trying again',
      ]);
    },
  ));

Deno.test("Without TLS, content is protected by the signature", () =>
  withClient(inTurn(WRITTEN), async ({ client, seen }) => {
    await client.put("a", bytes("content"));
    assertEquals(
      seen[0]?.headers.get("x-amz-content-sha256"),
      "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73",
    );
    assertMatch(
      seen[0]?.headers.get("authorization") ?? "",
      /SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,/,
    );
  }));

Deno.test("Attempts come to an end, and the last failure is passed on", () =>
  withClient(inTurn(failure(503, "SlowDown")), async ({ client, lines, seen }) => {
    const error = await failed(client.put("a", bytes("content")));
    assertEquals([error.code, error.message], ["failure", "the server is overloaded"]);
    assert(seen.length > 3 && seen.length <= 10, `${seen.length} attempts`);
    assertMatch(lines.at(-1) ?? "", /^final: .*SlowDown.*; given up$/);
  }));

Deno.test("A connection that breaks before or in the middle of an answer is no failure yet", () =>
  withClient(
    inTurn("close", { ...content("0123456789") as object, cutAt: 4 }, content("0123456789")),
    async ({ client, seen }) => {
      assertEquals(text(await client.get("a", RANGE)), "0123456789");
      assertEquals(seen.length, 3);
    },
  ));

Deno.test("A server that cannot be reached is said to be so", async () => {
  const gone = await withScript(inTurn("close"), ({ endpoint }) => Promise.resolve(endpoint));
  await withClient(inTurn("close"), async ({ client, lines }) => {
    const error = await failed(client.list(""));
    assertEquals([error.code, error.message], ["failure", "the server cannot be reached"]);
    assertMatch(lines.at(-1) ?? "", /^final: ListObjectsV2: the server cannot be reached: /);
  }, { endpoint: gone });
});

Deno.test("A server that falls silent before or in the middle of an answer is given up", () =>
  withClient(
    inTurn("hang", { ...content("0123456789") as object, headers: { "content-length": "20" } }),
    async ({ client, lines }) => {
      const { code, message } = await failed(client.get("a", RANGE));
      assertEquals([code, message], ["failure", "the server does not answer"]);
      assertMatch(lines.at(-1) ?? "", /^final: GetObject "a": the server does not answer: /);
    },
    { silenceMs: 20 },
  ));

Deno.test("A failure in an answer of status 200 is a failure", () =>
  withClient(
    inTurn(
      failure(200, "InternalError"),
      failure(200, "AccessDenied"),
    ),
    async ({ client, seen }) => {
      assertEquals((await failed(client.copy({ key: "a" }, "b"))).code, "denied");
      assertEquals(seen.length, 2);
    },
  ));

Deno.test("Keys that have expired are renewed once", () => {
  const fresh = { ...KEYS, accessKeyId: "FRESH", sessionToken: "hidden as well" };
  const refused: Keys[] = [];
  const keys = {
    keys: () => Promise.resolve(refused.length === 0 ? KEYS : fresh),
    renew(keys: Keys) {
      refused.push(keys);
      return Promise.resolve(fresh);
    },
  };
  return withClient(
    inTurn(failure(400, "ExpiredToken"), WRITTEN, failure(400, "ExpiredToken")),
    async ({ client, seen }) => {
      await client.put("a", bytes("a"));
      assertEquals(refused, [KEYS]);
      const ids = seen.map(({ headers }) => /=(\w+)/.exec(headers.get("authorization") ?? "")?.[1]);
      assertEquals(ids, ["AKID", "FRESH"]);
      assertEquals(seen[1]?.headers.get("x-amz-security-token"), "hidden as well");
      const error = await failed(client.put("a", bytes("a")));
      assertEquals(error.message, "the session token has expired");
      assertEquals(seen.length, 3);
    },
    { keys },
  );
});

Deno.test("A clock that differs from the server's is corrected", () => {
  const date = "Sun, 29 Nov 2020 10:00:00 GMT";
  const skewed = { ...failure(403, "RequestTimeTooSkewed") as object, headers: { date } };
  return withClient(inTurn(skewed, WRITTEN), async ({ client, seen }) => {
    await client.put("a", bytes("a"));
    await client.put("b", bytes("b"));
    for (const { headers } of seen.slice(1)) {
      assertMatch(headers.get("x-amz-date") ?? "", /^20201129T100\d\d\dZ$/);
    }
    assertEquals(seen.length, 3);
  });
});

Deno.test("A bucket in another region is found there", () => {
  const headers = { "x-amz-bucket-region": "eu-west-3" };
  const elsewhere = { ...failure(301, "PermanentRedirect") as object, headers };
  return withClient(inTurn(elsewhere, WRITTEN), async ({ client, seen }) => {
    await client.put("a", bytes("a"));
    assertMatch(seen[1]?.headers.get("authorization") ?? "", /\/eu-west-3\/s3\/aws4_request/);
  });
});

Deno.test("What a server leaves out of an answer to HEAD is asked for", () =>
  withClient(
    ({ method }) => method === "HEAD" ? { status: 400 } : failure(400, "ExpiredToken"),
    async ({ client, seen }) => {
      assertEquals((await failed(client.head("a"))).message, "the session token has expired");
      assertEquals(seen.map(({ method }) => method), ["HEAD", "GET"]);
      assertEquals(seen[1]?.headers.get("range"), "bytes=0-0");
      // What is compressed on the way has another length.
      for (const { headers } of seen) assertEquals(headers.get("accept-encoding"), "identity");
    },
  ));

Deno.test("A page of HTML is not taken for an answer of S3, whatever its status", async () => {
  const headers = { "content-type": "text/html; charset=utf-8" };
  for (const status of [200, 302, 403, 404]) {
    const page = { status, headers, body: "<!DOCTYPE html><p>Sign in<br>here" };
    await withClient(inTurn(page), async ({ client, lines, seen }) => {
      const upload = { key: "a", id: "1" };
      const requests = [
        () => client.list(""),
        () => client.get("a", RANGE),
        () => client.put("a", bytes("a")),
        () => client.remove("a"),
        () => client.removeMany(["a"]),
        () => client.copy({ key: "a" }, "b"),
        () => client.createUpload("a"),
        () => client.putPart(upload, 1, bytes("a")),
        () => client.completeUpload(upload, []),
        () => client.abortUpload(upload),
      ];
      for (const request of requests) {
        const { message } = await failed(request());
        assertEquals(message, "the endpoint does not answer as S3 does (it sends text/html)");
      }
      assertEquals(seen.length, requests.length);
      assertEquals(lines.length, requests.length);
      assertEquals(
        lines[0],
        `final: ListObjectsV2: ${status} the endpoint does not answer as S3 does (it sends text/html)`,
      );
    });
  }
});

Deno.test("An object that is a page of HTML is read as any other", () => {
  const headers = { etag: '"e"', "content-type": "text/html", "content-range": "bytes 0-3/4" };
  return withClient(inTurn({ status: 206, headers, body: "<p>x" }), async ({ client }) => {
    assertEquals(text(await client.get("a", RANGE)), "<p>x");
  });
});

Deno.test("More than the range that was asked for is not read", () => {
  const whole = { headers: { etag: '"e"' }, body: "0123456789" };
  const headers = { ...whole.headers, "transfer-encoding": "chunked" };
  const chunked = { headers, body: "a\r\n0123456789\r\n0\r\n\r\n" };
  return withClient(inTurn(whole, whole, chunked, chunked, whole), async ({ client }) => {
    for (const _ of ["whole", "chunked"]) {
      assertEquals(text(await client.get("a", { start: 0, end: 10 })), "0123456789");
      await failed(client.get("a", { start: 0, end: 9 }));
    }
    await failed(client.get("a", { start: 3, end: 20 }));
  });
});

Deno.test("A bucket that wants digests gets them from the second attempt on", () => {
  const wanted = failure(400, "InvalidRequest");
  const script = ({ headers }: SeenRequest) => headers.has("content-md5") ? WRITTEN : wanted;
  return withClient(script, async ({ client, seen }) => {
    await client.put("a", bytes("content"));
    await client.putPart({ key: "a", id: "1" }, 1, bytes("content"));
    const digests = seen.map(({ headers }) => headers.get("content-md5"));
    assertEquals(digests, [null, "mgNkuembtIDdJeHwKEyFVQ==", "mgNkuembtIDdJeHwKEyFVQ=="]);
  });
});

Deno.test("A conditional write that was carried out without an answer is no failure", async () => {
  for (const [etag, isOurs] of [['"9a0364b9e99bb480dd25e1f0284c8555"', true], ['"e"', false]]) {
    const script = ({ method }: SeenRequest, at: number): Reply =>
      method === "HEAD"
        ? object({ etag: String(etag), "x-amz-version-id": "v2" })
        : at === 0
        ? "close"
        : failure(412, "PreconditionFailed");
    await withClient(script, async ({ client }) => {
      const put = client.put("a", bytes("content"), { ifNoneMatch: "*" });
      if (isOurs) assertEquals(await put, { etag: String(etag), versionId: "v2" });
      else assert(isPreconditionFailed(await failed(put)));
    });
  }
});

Deno.test("A condition that fails at the first attempt is not looked into", () =>
  withClient(inTurn(failure(412, "PreconditionFailed")), async ({ client, lines, seen }) => {
    const error = await failed(client.put("a", bytes("content"), { ifNoneMatch: "*" }));
    assert(isPreconditionFailed(error));
    assertEquals([seen.length, lines], [1, []]);
  }));

Deno.test("An upload that was completed without an answer is no failure", () => {
  // What S3 makes of two parts: the MD5 of their MD5s, and their number.
  const parts = [
    { number: 1, etag: '"9a0364b9e99bb480dd25e1f0284c8555"' },
    { number: 2, etag: '"0cc175b9c0f1b6a831c399e269772661"' },
  ];
  const etag = '"dc4473a6d3cd5069257e7fd6403ec79b-2"';
  const script = ({ method }: SeenRequest, at: number): Reply =>
    method === "HEAD" ? object({ etag }) : at === 0 ? "close" : failure(404, "NoSuchUpload");
  return withClient(script, async ({ client, seen }) => {
    const written = await client.completeUpload({ key: "a", id: "1" }, parts);
    assertEquals(written.etag, etag);
    assertEquals(
      text(seen[0]?.body ?? new Uint8Array(0)),
      '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
        "<Part><PartNumber>1</PartNumber>" +
        "<ETag>&#34;9a0364b9e99bb480dd25e1f0284c8555&#34;</ETag></Part>" +
        "<Part><PartNumber>2</PartNumber>" +
        "<ETag>&#34;0cc175b9c0f1b6a831c399e269772661&#34;</ETag></Part></CompleteMultipartUpload>",
    );
  });
});

Deno.test("An upload that fails within an answer of status 200 may have been completed", () => {
  const parts = [{ number: 1, etag: '"9a0364b9e99bb480dd25e1f0284c8555"' }];
  const etag = '"73ad9750e8d5fcf7936433620b4baa21-1"';
  const script = ({ method }: SeenRequest, at: number): Reply =>
    method === "HEAD"
      ? object({ etag })
      : at === 0
      ? failure(200, "InternalError")
      : failure(404, "NoSuchUpload");
  return withClient(script, async ({ client }) => {
    assertEquals((await client.completeUpload({ key: "a", id: "1" }, parts)).etag, etag);
  });
});

Deno.test("A signal ends a request with its reason, also between attempts", async () => {
  const reason = new Error("enough");
  await withClient(inTurn("hang"), async ({ client, seen }) => {
    const controller = new AbortController();
    const request = client.get("a", { ...RANGE, signal: controller.signal });
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    controller.abort(reason);
    assertEquals(await request.catch((error) => error), reason);
  });
  await withClient(inTurn(failure(503, "SlowDown")), async ({ client, lines }) => {
    const controller = new AbortController();
    const request = client.get("a", { ...RANGE, signal: controller.signal });
    while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    controller.abort(reason);
    assertEquals(await request.catch((error) => error), reason);
  }, { retries: new Retries() });
});

Deno.test("Keys are removed one by one where a server does not remove many", () =>
  withClient(
    ({ method, target }) =>
      method === "POST"
        ? failure(501, "NotImplemented")
        : target === "/bucket/b"
        ? failure(403, "AccessDenied")
        : { status: 204 },
    async ({ client, seen }) => {
      const failures = await client.removeMany(["a", "b", "c"]);
      assertEquals(failures.map(({ key }) => key), ["b"]);
      await client.removeMany(["d"]);
      const requests = seen.map(({ method, target }) => `${method} ${target}`);
      assertEquals(requests.toSorted(), [
        ...["DELETE /bucket/a", "DELETE /bucket/b", "DELETE /bucket/c", "DELETE /bucket/d"],
        "POST /bucket/?delete=",
      ]);
    },
  ));

Deno.test("Keys that many were removed without are named, each with its reason", () =>
  withClient(
    inTurn({
      body: "<DeleteResult><Error><Key>b&lt;</Key><Code>AccessDenied</Code></Error></DeleteResult>",
    }),
    async ({ client, seen }) => {
      const [failure, ...more] = await client.removeMany(["a", "b<"]);
      assertEquals([failure?.key, failure?.error.message, more], [
        ...["b<", "the bucket does not allow this"],
        [],
      ]);
      assertEquals(
        text(seen[0]?.body ?? new Uint8Array(0)),
        '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>' +
          "<Object><Key>a</Key></Object><Object><Key>b&#60;</Key></Object></Delete>",
      );
    },
  ));

Deno.test({
  name: "Without the permission to connect, one attempt says so",
  permissions: { net: false },
  async fn() {
    const client = new BucketClient({
      ...{ endpoint: new URL("http://127.0.0.1:7171"), bucket: "bucket", region: "us-east-1" },
      keys: fixedKeys(KEYS),
    });
    const { message } = await failed(client.list(""));
    client.close();
    assertEquals(message, "this program may not connect to the server");
  },
});

Deno.test({
  name: "A certificate is verified, and over TLS content is not hashed",
  ...needs("openssl"),
  fn: () =>
    withTempDir(async (directory) => {
      const [certFile, keyFile] = [`${directory}/cert`, `${directory}/key`];
      await runOk("openssl", [
        ...["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
        ...["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"],
        ...["-addext", "basicConstraints=critical,CA:FALSE", "-out", certFile, "-keyout", keyFile],
      ]);
      const cert = await Deno.readTextFile(certFile);
      const digests: (string | null)[] = [];
      const server = Deno.serve({
        ...{ hostname: "127.0.0.1", port: 0, onListen() {}, cert },
        key: await Deno.readTextFile(keyFile),
      }, async (request) => {
        digests.push(request.headers.get("x-amz-content-sha256"));
        await request.arrayBuffer();
        return new Response("", { headers: { etag: '"e"' } });
      });
      const options = {
        ...{ endpoint: new URL(`https://127.0.0.1:${server.addr.port}`), bucket: "bucket" },
        ...{ region: "us-east-1", keys: fixedKeys(KEYS) },
      };
      const doubtful = new BucketClient(options);
      const { message } = await failed(doubtful.put("a", bytes("a")));
      assertMatch(message, /^the server's certificate cannot be verified \(\w+\)$/);
      doubtful.close();
      assertEquals(digests, []);
      const trusting = new BucketClient({ ...options, caCerts: [cert] });
      await trusting.put("a", bytes("a"));
      trusting.close();
      assertEquals(digests, ["UNSIGNED-PAYLOAD"]);
      await server.shutdown();
    }),
});
