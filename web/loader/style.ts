/** The launcher's look. A string, because the loader is one file and the shadow root keeps the page's styles out. */
export const style = `:host{all:initial;--c:#0b6bcb}
button{position:fixed;right:max(20px,env(safe-area-inset-right));bottom:max(20px,env(safe-area-inset-bottom));z-index:2147483000;width:56px;height:56px;border:0;border-radius:50%;padding:0;background:var(--c);color:#fff;cursor:pointer;box-shadow:0 4px 16px #0004}
button:focus-visible{outline:3px solid var(--c);outline-offset:3px}
svg{display:block;margin:auto;width:28px;height:28px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
b{position:absolute;top:-4px;right:-4px;min-width:20px;box-sizing:border-box;padding:0 5px;border-radius:10px;background:#c9252d;color:#fff;font:600 12px/20px system-ui,sans-serif}
iframe{position:fixed;right:20px;bottom:88px;z-index:2147483000;width:380px;height:min(620px,100dvh - 108px);border:0;border-radius:14px;box-shadow:0 8px 40px #0005}
[hidden]{display:none}
@media(max-width:480px){iframe{inset:0;width:100%;height:100%;height:100dvh;border-radius:0}.on{display:none}}`
