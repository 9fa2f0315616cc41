import '@radix-ui/themes/tokens/colors/gray.css'
import '@radix-ui/themes/tokens/colors/slate.css'
import '@radix-ui/themes/tokens/colors/iris.css'
import '@radix-ui/themes/tokens/colors/red.css'
import '@radix-ui/themes/tokens/colors/amber.css'
import '@radix-ui/themes/tokens/colors/green.css'
/* after the colours: it maps them to their uses */
import '@radix-ui/themes/tokens/base.css'
import '@radix-ui/themes/components.css'
import '@radix-ui/themes/utilities.css'
import './app.css'

import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { BrowserRouter } from 'react-router-dom'
import { App } from './App'
import { AppTheme } from './components/AppTheme'
import { ErrorBoundary } from './components/ErrorBoundary'
import { Toasts } from './components/Toasts'
import { basename } from './lib/base'
import { createQueryClient } from './lib/query'

const root = document.getElementById('root')
if (!root) throw new Error('The page has no #root')

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={createQueryClient()}>
      <AppTheme>
        <ErrorBoundary>
          <Toasts>
            <BrowserRouter
              basename={basename}
              future={{ v7_startTransition: true, v7_relativeSplatPath: true }}
            >
              <App />
            </BrowserRouter>
          </Toasts>
        </ErrorBoundary>
      </AppTheme>
    </QueryClientProvider>
  </StrictMode>,
)
