// What comes from outside onto a board: small images are kept in the board
// itself, and bookmarks are made without asking the foreign site.
import { AssetRecordType, type Editor, type TLAssetStore, getHashForString } from 'tldraw'

export const MAX_IMAGE = 256 * 1024
export const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/svg+xml', 'image/avif', 'image/apng']

export const assetStore: TLAssetStore = {
  async upload(_asset, file) {
    /* the editor asked already; what reaches this comes from other ways in */
    if (file.size > MAX_IMAGE) throw new Error(`${file.name} is larger than ${MAX_IMAGE} bytes`)
    return { src: await dataUrl(file) }
  },

  resolve: (asset) => asset.props.src,
}

function dataUrl(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result as string)
    reader.onerror = () => reject(reader.error ?? new Error('The file cannot be read'))
    reader.readAsDataURL(file)
  })
}

/* The editor's own handler would fetch the page behind the address. */
export function registerBookmarks(editor: Editor): void {
  editor.registerExternalAssetHandler('url', async ({ url }) => ({
    id: AssetRecordType.createId(getHashForString(url)),
    typeName: 'asset',
    type: 'bookmark',
    props: { src: url, title: titleOf(url), description: '', image: '', favicon: '' },
    meta: {},
  }))
}

function titleOf(url: string): string {
  const { hostname, pathname } = new URL(url)
  const path = pathname === '/' ? '' : pathname

  try {
    return hostname + decodeURI(path)
  } catch {
    return hostname + path
  }
}
