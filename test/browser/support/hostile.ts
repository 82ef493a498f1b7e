/** What a trace may hold and a page must only ever show: each sets `globalThis.struck` where it is run instead. */
export const HOSTILE = [
  '<script>struck=1</script>',
  '<img src=x onerror="struck=1">',
  '<svg/onload=struck=1>',
  '"><svg onload=struck=1>',
  '<iframe srcdoc="<script>parent.struck=1</script>"></iframe>',
  '<math><mtext></table><img src=x onerror=struck=1>',
  '<a href="javascript:struck=1">click</a>',
  '[click](javascript:struck=1)',
  '[click](data:text/html,<script>struck=1</script>)',
  '![x](https://elsewhere.example/track.png)',
  '`<img src=x onerror=struck=1>`',
  '</textarea></pre></code><script>struck=1</script>',
  '{{constructor.constructor("struck=1")()}}',
  '${struck=1}',
  '\u202eevil\u202c \ud83d',
  '<style>*{display:none}</style>',
  '<meta http-equiv="refresh" content="0;url=https://elsewhere.example/">',
  '<form action="https://elsewhere.example/"><button>go</button></form>',
] as const;

/** Runs in the page: whether anything in it was run, and elements that only a trace could have brought. */
export function inspect(): { readonly struck: boolean; readonly strangers: readonly string[] } {
  interface Found {
    readonly outerHTML: string;
    getAttribute(name: string): string | null;
    readonly attributes: Iterable<{ readonly name: string }>;
  }
  const page = globalThis as unknown as {
    readonly struck?: unknown;
    readonly document: { querySelectorAll(what: string): Iterable<Found> };
  };
  const main = (what: string): readonly Found[] => [...page.document.querySelectorAll(what)];
  const strangers = [
    ...main('main script, main iframe, main style, main meta, main math, main object, main embed, main form[action]'),
    ...main('main a[href]').filter((link) => !/^(https?:\/\/|\/)/.test(link.getAttribute('href') ?? '')),
    ...main('main img').filter((image) => !/^(data:image\/(png|jpeg|gif|webp|avif);base64,|\/api\/)/.test(image.getAttribute('src') ?? '')),
    ...main('main *').filter((element) => [...element.attributes].some(({ name }) => name.startsWith('on'))),
  ];
  return { struck: page.struck !== undefined, strangers: strangers.map((element) => element.outerHTML.slice(0, 200)) };
}
