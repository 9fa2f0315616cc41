// Where boards are: all, the ones opened last, favourites, folders, the bin.
import { ArchiveIcon, ClockIcon, LayersIcon, PlusIcon, StarIcon, TrashIcon } from '@radix-ui/react-icons'
import { Button } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { NameDialog } from '../components/NameDialog'
import { SideLink, SideNav } from '../components/SideNav'
import { useFailed } from '../components/Toasts'
import { foldersQuery, useCreateFolder } from '../lib/folders'
import { t } from '../texts'

export function Places() {
  const { data } = useQuery(foldersQuery)

  return (
    <SideNav label={t.boards.places}>
      <SideLink to="/" icon={<LayersIcon />} name={t.boards.all} />
      <SideLink to="/recent" icon={<ClockIcon />} name={t.boards.recent} />
      <SideLink to="/favourites" icon={<StarIcon />} name={t.boards.favourites} />
      {data?.folders.map((f) => <SideLink key={f.id} to={`/folder/${f.id}`} icon={<ArchiveIcon />} name={f.name} />)}
      <li>
        <NewFolder />
      </li>
      <SideLink to="/bin" icon={<TrashIcon />} name={t.boards.bin} />
    </SideNav>
  )
}

function NewFolder() {
  const [open, setOpen] = useState(false)
  const navigate = useNavigate()
  const failed = useFailed()
  const create = useCreateFolder()

  const make = (name: string) => create.mutateAsync(name).then((folder) => navigate(`/folder/${folder.id}`), failed)

  return (
    <>
      <Button variant="ghost" color="gray" className="td-place" onClick={() => setOpen(true)}>
        <PlusIcon /> {t.boards.newFolder}
      </Button>
      <NameDialog
        open={open}
        onOpenChange={setOpen}
        title={t.boards.newFolder}
        label={t.boards.folderName}
        submit={t.boards.createFolder}
        onName={(name) => void make(name)}
      />
    </>
  )
}
