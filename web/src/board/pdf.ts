// Writes a PDF whose pages are pictures. A PDF is a list of numbered objects, a
// table that says at which byte each begins, and a trailer that says which
// of them is the first.

export interface Sheet {
  jpeg: Uint8Array
  /* of the picture, in pixels */
  pixels: { w: number; h: number }
  /* of the page, in points (1/72 inch) */
  points: { w: number; h: number }
}

export function pdf(sheets: Sheet[], title: string): Blob {
  const text = new TextEncoder()
  const parts: Uint8Array<ArrayBuffer>[] = []
  const offsets: number[] = []
  let length = 0

  const write = (data: string | Uint8Array) => {
    const bytes = typeof data === 'string' ? text.encode(data) : new Uint8Array(data)
    parts.push(bytes)
    length += bytes.length
  }

  const object = (number: number, dictionary: string, stream?: string | Uint8Array) => {
    offsets[number] = length
    write(`${number} 0 obj\n<<${dictionary}`)
    if (stream !== undefined) {
      const bytes = typeof stream === 'string' ? text.encode(stream) : stream
      write(` /Length ${bytes.length}>>\nstream\n`)
      write(bytes)
      write('\nendstream\nendobj\n')
    } else {
      write('>>\nendobj\n')
    }
  }

  /* 1 catalog, 2 pages, 3 title, then three objects for each page */
  const page = (n: number) => 4 + n * 3

  write('%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n')
  object(1, '/Type /Catalog /Pages 2 0 R')
  object(2, `/Type /Pages /Count ${sheets.length} /Kids [${sheets.map((_, n) => `${page(n)} 0 R`).join(' ')}]`)
  object(3, `/Title <${utf16(title)}> /Producer (Tidraw)`)

  sheets.forEach(({ jpeg, pixels, points }, n) => {
    const [w, h] = [points.w.toFixed(2), points.h.toFixed(2)]
    object(
      page(n),
      `/Type /Page /Parent 2 0 R /MediaBox [0 0 ${w} ${h}] /Contents ${page(n) + 1} 0 R` +
        ` /Resources <</XObject <</I ${page(n) + 2} 0 R>>>>`,
    )
    object(page(n) + 1, '', `q ${w} 0 0 ${h} 0 0 cm /I Do Q`)
    object(
      page(n) + 2,
      `/Type /XObject /Subtype /Image /Width ${pixels.w} /Height ${pixels.h} /ColorSpace /DeviceRGB` +
        ' /BitsPerComponent 8 /Filter /DCTDecode',
      jpeg,
    )
  })

  const start = length
  const count = page(sheets.length)
  write(`xref\n0 ${count}\n0000000000 65535 f \n`)
  for (let n = 1; n < count; n += 1) write(`${String(offsets[n]).padStart(10, '0')} 00000 n \n`)
  write(`trailer\n<</Size ${count} /Root 1 0 R /Info 3 0 R>>\nstartxref\n${start}\n%%EOF\n`)

  return new Blob(parts, { type: 'application/pdf' })
}

function utf16(value: string): string {
  const units = Array.from({ length: value.length }, (_, n) => value.charCodeAt(n).toString(16).padStart(4, '0'))
  return `feff${units.join('')}`
}
