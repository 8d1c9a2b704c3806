import { expect, test } from "vitest";

import { isAllowed } from "./picture";

const HOSTS = ["https://pictures.example.com", "https://*.cdn.example.com:8443", "http://localhost"];

test.each([
    ["/lamp.png", true],
    ["https://pictures.example.com/lamp.png", true],
    ["http://pictures.example.com/lamp.png", false],
    ["https://pictures.example.com:444/lamp.png", false],
    ["https://pictures.example.com.evil.example/lamp.png", false],
    ["https://a.cdn.example.com:8443/lamp.png", true],
    ["https://cdn.example.com:8443/lamp.png", false],
    ["http://localhost/lamp.png", true],
    ["javascript:alert(1)", false],
    // What is no address is no picture, and breaks no page.
    ["https://", false],
    ["https://x:99999/lamp.png", false],
    ["https://exa%mple/lamp.png", false],
])("%s is shown: %s", (url, isShown) => {
    expect(isAllowed(url, HOSTS)).toBe(isShown);
});
