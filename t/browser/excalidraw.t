#!/usr/bin/env node
// A file of Excalidraw becomes a board: every element that tldraw has something
// for, arrows bound to what they were bound to, images as files of the board.

import('./harness.mjs').then(async ({ done, equal, suite, until }) => {
  const element = (type, id, x, y, more) => ({ type, id, x, y, width: 120, height: 80, angle: 0, strokeColor: '#1e1e1e',
    backgroundColor: 'transparent', fillStyle: 'solid', strokeWidth: 2, strokeStyle: 'solid', roughness: 1, opacity: 100,
    groupIds: [], frameId: null, roundness: null, seed: 1, version: 1, versionNonce: 1, isDeleted: false,
    boundElements: null, updated: 1, link: null, locked: false, ...more })

  const DOT = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

  const bound = (elementId) => ({ elementId, focus: 0, gap: 4 })

  const drawing = {
    type: 'excalidraw', version: 2, source: 'https://excalidraw.com', appState: { viewBackgroundColor: '#ffffff' },
    elements: [
      element('rectangle', 'r', 0, 0, { backgroundColor: '#ffc9c9', boundElements: [{ id: 'label', type: 'text' }, { id: 'a', type: 'arrow' }] }),
      element('text', 'label', 10, 10, { text: 'Start', fontSize: 20, fontFamily: 5, textAlign: 'center', containerId: 'r' }),
      element('ellipse', 'e', 300, 0, { strokeColor: '#1971c2', boundElements: [{ id: 'a', type: 'arrow' }], opacity: 50 }),
      element('diamond', 'd', 300, 200, { angle: Math.PI / 4, strokeWidth: 1.5, locked: true }),
      element('arrow', 'a', 125, 40, { width: 170, height: 0, points: [[0, 0], [170, 0]], startBinding: bound('r'), endBinding: bound('e'),
        startArrowhead: null, endArrowhead: 'arrow' }),
      element('arrow', 'loose', 0, 400, { points: [[0, 0], [100, 50]], startBinding: bound('gone'), endArrowhead: 'triangle' }),
      element('line', 'l', 0, 200, { points: [[0, 0], [50, 50], [100, 0]] }),
      element('freedraw', 'f', 0, 300, { points: [[0, 0], [5, 5], [9, 3], [20, 10]], pressures: [], strokeWidth: 0.5 }),
      element('text', 't', 500, 0, { text: 'Zwei\nZeilen', fontSize: 28, fontFamily: 1, textAlign: 'left' }),
      element('rectangle', 'g1', 500, 200, { groupIds: ['g'], link: 'javascript:alert(1)' }),
      element('rectangle', 'g2', 650, 200, { groupIds: ['g'], link: 'https://www.example.org/' }),
      element('image', 'i', 500, 400, { fileId: 'dot', status: 'saved', scale: [1, 1] }),
      element('frame', 'fr', 800, 0, { width: 400, height: 300, name: 'A frame' }),
      element('rectangle', 'in', 850, 50, { frameId: 'fr' }),
      element('rectangle', 'deleted', 0, 0, { isDeleted: true }),
      element('line', 'point', 0, 0, { points: [[0, 0]] }),
      element('somethingnew', 'new', 0, 0),
      { type: 'rectangle', id: 'old', x: 1000, y: 400, width: 50, height: 50 },
    ],
    files: { dot: { id: 'dot', mimeType: 'image/png', created: 1, dataURL: `data:image/png;base64,${DOT}` } },
  }

  await suite({}, async (s) => {
    const { test, server } = s
    const ann = await s.member('ann@example.org', 'Ann')

    const bring = (name, text) =>
      ann.page.getByLabel('From a file').setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) })

    const records = async (kind) =>
      (await server.sql(`SELECT state FROM records WHERE id LIKE '${kind}:%'`)).map(([state]) => JSON.parse(state))

    await test('what is no drawing says so', async () => {
      await ann.go('')
      await ann.page.getByText('No boards yet').waitFor()
      await bring('broken.excalidraw', '{"type":"something"}')
      await ann.page.getByText('This is no file of Excalidraw.').first().waitFor()
      equal((await server.sql('SELECT count(*) FROM rooms'))[0][0], '0', 'boards')
    })

    await test('a drawing becomes a board of its name', async () => {
      await bring('My plan.excalidraw', JSON.stringify(drawing))
      await ann.page.waitForURL(/board\//)
      await ann.canvas()
      await ann.page.getByText('My plan').first().waitFor()
      /* 13 elements, one group */
      await until(async () => (await records('shape')).length === 15, 'all shapes are stored')
      await ann.picture('excalidraw')
    })

    await test('with each element in its kind', async () => {
      const kinds = (await records('shape')).map(({ type, props }) => props.geo ?? type).sort()
      equal(kinds.join(), 'arrow,arrow,diamond,draw,ellipse,frame,group,image,line,rectangle,rectangle,rectangle,rectangle,rectangle,text', 'kinds')
    })

    await test('its colours, text, opacity, rotation and locks', async () => {
      const shapes = await records('shape')
      const of = (geo) => shapes.find(({ props }) => props.geo === geo)
      equal(JSON.stringify(shapes.find(({ props }) => JSON.stringify(props.richText ?? '').includes('Start')).props.color), '"light-red"', 'colour')
      equal(of('ellipse').props.color, 'blue', 'stroke')
      equal(of('ellipse').opacity, 0.5, 'opacity')
      equal(of('diamond').rotation.toFixed(3), '0.785', 'rotation')
      equal(of('diamond').isLocked, true, 'lock')
      equal(shapes.filter(({ props }) => props.url === 'https://www.example.org/').length, 1, 'a link')
      equal(JSON.stringify(shapes).includes('javascript'), false, 'a link that would run')
    })

    await test('arrows stay bound', async () => {
      const shapes = new Map((await records('shape')).map((shape) => [shape.id, shape]))
      const bindings = await records('binding')
      equal(bindings.map(({ toId, props }) => `${props.terminal} ${shapes.get(toId).props.geo}`).sort().join(), 'end ellipse,start rectangle', 'bindings')
      equal(new Set(bindings.map(({ fromId }) => fromId)).size, 1, 'of one arrow')
    })

    await test('what was in a group or a frame is there', async () => {
      const shapes = await records('shape')
      const inside = (type) => shapes.filter(({ parentId }) => parentId === shapes.find((shape) => shape.type === type).id).length
      equal(inside('group'), 2, 'in the group')
      equal(inside('frame'), 1, 'in the frame')
      equal(shapes.find(({ type }) => type === 'frame').props.name, 'A frame', 'its name')
    })

    await test('an image is a file of the board', async () => {
      const [{ props }] = await records('asset')
      equal(/^asset:[\w-]{22}$/.test(props.src), true, props.src.slice(0, 100))
      await until(async () => (await ann.page.locator('img.tl-image').evaluateAll((all) => all.map((i) => i.naturalWidth))).join() === '1', 'the image')
    })

    await test('nothing went wrong on the way', async () => equal(ann.trouble(), '', 'trouble'))
  })

  done()
})
