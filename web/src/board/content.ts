// What comes from outside onto a board: files of some types up to a size, and
// bookmarks. The browser asks no foreign site; our server does, if it is set up to.
import { AssetRecordType, type Editor, type TLUiOverrides, getHashForString } from 'tldraw'
import { t } from '../texts'
import { type Preview, noPreview } from './preview'

export const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/svg+xml', 'image/avif', 'image/apng']

export const VIDEO_TYPES = ['video/mp4', 'video/webm', 'video/quicktime']

export const sizeText = (size: number) =>
  size >= 1024 * 1024 ? `${Math.floor(size / 1024 / 1024)} MB` : `${Math.floor(size / 1024)} KB`

/* what the editor says about files before it lets one go */
export function fileLimits(maxAssetSize = 100 * 1024 * 1024) {
  const said = {
    'assets.files.size-too-big': t.board.fileTooBig(sizeText(maxAssetSize)),
    'assets.files.type-not-allowed': t.board.fileType,
  }
  const overrides: TLUiOverrides = { translations: { en: said, de: said } }

  return { maxAssetSize, overrides }
}

/* The editor's own handler would fetch the page behind the address. Pictures of it would
   be loaded by everybody on the board from wherever they are: it has none. */
export function registerBookmarks(editor: Editor, previewOf: (url: string) => Promise<Preview>): void {
  editor.registerExternalAssetHandler('url', async ({ url }) => {
    const { title, description } = await previewOf(url).catch(() => noPreview)

    return {
      id: AssetRecordType.createId(getHashForString(url)),
      typeName: 'asset',
      type: 'bookmark',
      props: { src: url, title: title || titleOf(url), description, image: '', favicon: '' },
      meta: {},
    }
  })
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
