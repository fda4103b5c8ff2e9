import { assertEquals } from "@std/assert";
import { copySourceOf, type Place, urlOf } from "../../../../lib/storage/s3/client/address.ts";

Deno.test("The bucket is in the host at AWS and in the path elsewhere, unless told otherwise", () => {
  const aws = { bucket: "b", region: "eu-west-3" };
  const endpoint = new URL("http://host:9000/base/");
  const cases: [Place, string][] = [
    [aws, "https://b.s3.eu-west-3.amazonaws.com/k"],
    [{ ...aws, pathStyle: true }, "https://s3.eu-west-3.amazonaws.com/b/k"],
    [{ ...aws, bucket: "b.c" }, "https://s3.eu-west-3.amazonaws.com/b.c/k"],
    [{ ...aws, region: "cn-north-1" }, "https://b.s3.cn-north-1.amazonaws.com.cn/k"],
    [
      { ...aws, endpoint: new URL("https://s3.dualstack.eu-west-3.amazonaws.com") },
      "https://b.s3.dualstack.eu-west-3.amazonaws.com/k",
    ],
    [{ ...aws, endpoint }, "http://host:9000/base/b/k"],
    [{ ...aws, endpoint, pathStyle: false }, "http://b.host:9000/base/k"],
    [{ ...aws, endpoint: new URL("http://[::1]:9000") }, "http://[::1]:9000/b/k"],
  ];
  for (const [place, url] of cases) assertEquals(urlOf(place, "k"), url);
});

Deno.test("Keys and parameters are encoded as signatures want them", () => {
  const place = { bucket: "b", region: "r", endpoint: new URL("http://h") };
  assertEquals(
    urlOf(place, "a b/+%é!'()*~?#", { prefix: "a/b +&=", uploads: "", absent: undefined, n: 1 }),
    "http://h/b/a%20b/%2B%25%C3%A9%21%27%28%29%2A~%3F%23" +
      "?prefix=a%2Fb%20%2B%26%3D&uploads=&n=1",
  );
  assertEquals(urlOf(place, ""), "http://h/b/");
  assertEquals(urlOf(place, "/a//b/"), "http://h/b//a//b/");
  assertEquals(copySourceOf(place, "a b?c", "v/1"), "/b/a%20b%3Fc?versionId=v%2F1");
});
