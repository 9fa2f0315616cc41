// Images and videos of a board. They lie on the server; a record names one as
// "asset:FILE", so that it holds in copies of the board and wherever the app
// lives. Small images of old boards are inside their records and stay there.
import type { TLAsset, TLAssetContext, TLAssetStore } from 'tldraw'
import { appUrl } from '../lib/base'
import { dataUrl } from '../lib/tldr'
import { reducedCopies } from './assetsReduce'
import { UploadError, send } from './assetsUpload'

const SCHEME = 'asset:'

/* so small an image may go into its record when no server can be reached */
const MAX_INLINE = 256 * 1024

interface FileObject {
  id: string
}

export function boardAssets(room: string, link: string | null): TLAssetStore {
  const path = (file: string, rest = '', query: Record<string, string> = {}) => {
    const url = new URL(appUrl(`api/rooms/${encodeURIComponent(room)}/files${file && `/${encodeURIComponent(file)}`}${rest}`))
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    if (link) url.searchParams.set('link', link)
    return url.href
  }

  return {
    async upload(asset, file, signal) {
      try {
        const { id } = await send<FileObject>('POST', path('', '', { name: file.name }), file, file.name, signal)
        const reduced: number[] = []

        for (const copy of await reducedCopies(asset, file)) {
          try {
            await send('PUT', path(id, '/reduced', { w: String(copy.width) }), copy.blob, null, signal)
            reduced.push(copy.width)
          } catch {
            /* the original will do */
          }
        }

        return { src: SCHEME + id, ...(reduced.length && { meta: { reduced } }) }
      } catch (error) {
        if (error instanceof UploadError && error.code === 'offline' && canBeInline(file)) return { src: await dataUrl(file) }
        throw error
      }
    },

    resolve(asset, context) {
      const src = asset.props.src
      if (!src?.startsWith(SCHEME)) return src

      const width = widthFor(asset, context)
      return path(src.slice(SCHEME.length), '', width ? { w: String(width) } : {})
    },
  }
}

/* the least copy that has enough pixels for what is on the screen */
function widthFor(asset: TLAsset, context: TLAssetContext): number | undefined {
  if (context.shouldResolveToOriginal || asset.type !== 'image' || !Array.isArray(asset.meta.reduced)) return undefined

  const slow = context.networkEffectiveType !== null && context.networkEffectiveType !== '4g'
  const wanted = asset.props.w * context.steppedScreenScale * (slow ? 1 : Math.min(context.dpr, 2))

  return asset.meta.reduced
    .filter((w): w is number => typeof w === 'number' && w >= wanted)
    .sort((a, b) => a - b)[0]
}

function canBeInline(file: Blob): boolean {
  return file.size <= MAX_INLINE && file.type.startsWith('image/')
}
