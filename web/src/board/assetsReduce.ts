// Reduced copies of large images, made here, in the browser that has them
// anyway: the server decodes no image.
import type { TLAsset } from 'tldraw'

/* halves, as the editor asks for them */
const MOST = 4
const LEAST = 256

const STILL = ['image/jpeg', 'image/png', 'image/webp', 'image/avif']

/* a copy that saves less than this is not worth its place */
const WORTH = 0.8

interface ReducedCopy {
  width: number
  blob: Blob
}

export async function reducedCopies(asset: TLAsset, file: Blob): Promise<ReducedCopy[]> {
  if (asset.type !== 'image' || asset.props.isAnimated || !STILL.includes(file.type)) return []

  const copies: ReducedCopy[] = []
  let image: ImageBitmap | undefined

  try {
    image = await createImageBitmap(file)

    for (let n = 1; n <= MOST; n++) {
      const width = Math.ceil(image.width / 2 ** n)
      if (width < LEAST) break

      const blob = await reduced(image, width)
      if (blob && blob.size < file.size * WORTH) copies.push({ width, blob })
    }
  } catch {
    /* what this browser cannot draw stays as it is */
  } finally {
    image?.close()
  }

  return copies
}

function reduced(image: ImageBitmap, width: number): Promise<Blob | null> {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = Math.max(1, Math.round((image.height * width) / image.width))

  const context = canvas.getContext('2d')
  if (!context) return Promise.resolve(null)

  context.imageSmoothingQuality = 'high'
  context.drawImage(image, 0, 0, canvas.width, canvas.height)

  /* a browser that writes no WebP writes PNG: see whether it is worth it */
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/webp', 0.85))
}
