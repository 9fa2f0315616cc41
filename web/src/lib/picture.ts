// Reduces a picture to the square that an avatar needs.

const SIDE = 256
const LIMIT = 256 * 1024

export async function square(file: Blob): Promise<Blob> {
  const image = await createImageBitmap(file)
  const cut = Math.min(image.width, image.height)
  const side = Math.min(SIDE, cut)
  const canvas = document.createElement('canvas')
  canvas.width = side
  canvas.height = side
  canvas
    .getContext('2d')
    ?.drawImage(image, (image.width - cut) / 2, (image.height - cut) / 2, cut, cut, 0, 0, side, side)
  image.close()

  for (const type of ['image/webp', 'image/jpeg']) {
    const blob = await toBlob(canvas, type)
    /* a browser that cannot write this type gives PNG, which may be large */
    if (blob && blob.size <= LIMIT) return blob
  }
  throw new Error('The picture cannot be reduced')
}

function toBlob(canvas: HTMLCanvasElement, type: string): Promise<Blob | null> {
  return new Promise((resolve) => canvas.toBlob(resolve, type, 0.88))
}
