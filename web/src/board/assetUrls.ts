// Fonts, icons and translations of the editor, from our own server.
import { getAssetUrlsByImport } from '@tldraw/assets/imports.vite'

/* The build names its files relative to the scripts, which makes the addresses
   absolute already; without a function the package would put a slash before
   those that are not, and so leave the path the app is served under. */
export const assetUrls = getAssetUrlsByImport((url) => new URL(url, document.baseURI).href)
