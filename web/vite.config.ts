import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import license from 'rollup-plugin-license'
import { defineConfig } from 'vite'
import { compress } from './build/compress'
import { noticesPage } from './build/notices'

export default defineConfig({
  /* the server decides under which path it is seen: everything is relative */
  base: './',
  plugins: [
    react(),
    license({
      thirdParty: {
        output: {
          file: fileURLToPath(new URL('./dist/licenses.html', import.meta.url)),
          template: noticesPage,
        },
      },
    }),
    compress(),
  ],
  build: {
    target: 'es2022',
    /* nothing as data: URLs, the content security policy need not allow them */
    assetsInlineLimit: 0,
    /* the editor is one big chunk, loaded with the first board */
    chunkSizeWarningLimit: 2000,
    reportCompressedSize: false,
  },
})
