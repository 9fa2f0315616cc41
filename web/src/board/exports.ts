// Taking a board away: as a PDF with one sheet for each page that has
// something on it, as a picture, or as the file of the editor.
import { Box, type Editor, type TLPageId, exportAs } from 'tldraw'
import { whole } from '../lib/tldr'
import type { Room } from '../lib/types'
import { type Sheet, pdf } from './pdf'

const PADDING = 32
const POINTS_PER_PIXEL = 0.75

/* what readers of PDF accept at most, in points */
const LARGEST_PAGE = 14_400

/* what canvases of browsers accept at least, in pixels */
const LARGEST_PICTURE = 8000

export async function savePdf(editor: Editor, name: string): Promise<boolean> {
  const here = editor.getCurrentPageId()
  const sheets: Sheet[] = []

  try {
    for (const page of editor.getPages()) {
      if (editor.getPageShapeIds(page).size > 0) sheets.push(await sheetOf(editor, page.id))
    }
  } finally {
    editor.setCurrentPage(here)
  }

  if (sheets.length === 0) return false
  save(pdf(sheets, name), `${fileName(name)}.pdf`)
  return true
}

/* the editor draws only what is on the page it shows */
async function sheetOf(editor: Editor, page: TLPageId): Promise<Sheet> {
  editor.setCurrentPage(page)
  const shapes = editor.getCurrentPageShapes()
  const area = Box.Common(shapes.flatMap((s) => editor.getShapePageBounds(s) ?? []))
  const longest = Math.max(area.w, area.h) + 2 * PADDING
  const pixelRatio = Math.min(2, LARGEST_PICTURE / longest)
  const points = Math.min(POINTS_PER_PIXEL, LARGEST_PAGE / longest)

  const { blob, width, height } = await editor.toImage(shapes, {
    format: 'jpeg',
    quality: 0.92,
    background: true,
    darkMode: false,
    padding: PADDING,
    pixelRatio,
  })
  const image = await createImageBitmap(blob)
  const pixels = { w: image.width, h: image.height }
  image.close()

  return {
    jpeg: new Uint8Array(await blob.arrayBuffer()),
    pixels,
    points: { w: width * points, h: height * points },
  }
}

/* what is on the page that is shown; false: nothing is */
export async function savePicture(editor: Editor, format: 'svg' | 'png', name: string): Promise<boolean> {
  const ids = [...editor.getCurrentPageShapeIds()]
  if (ids.length === 0) return false

  await exportAs(editor, ids, { format, name: fileName(name), scale: 1 })
  return true
}

export async function saveTldr(room: Room, link: string | null): Promise<void> {
  save(await whole(room.id, link), `${fileName(room.name)}.tldr`)
}

const fileName = (name: string) => name.replace(/[\\/:*?"<>|]+/g, ' ').trim() || 'board'

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
